package kqueue

import (
	"sync"
	"syscall"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// The numbers are those of <sys/event.h> of FreeBSD. EVFILT_EXCEPT is macOS's, since FreeBSD lacks
// it.
const (
	EVFILT_READ   = -1
	EVFILT_WRITE  = -2
	EVFILT_USER   = -11
	EVFILT_EXCEPT = -15

	EV_ADD    = 0x1
	EV_DELETE = 0x2
	EV_CLEAR  = 0x20
	EV_EOF    = 0x8000

	NOTE_OOB     = 0x2
	NOTE_TRIGGER = 0x01000000
)

// A Kevent_t has the fields of struct kevent.
type Kevent_t struct {
	Ident  uint64
	Filter int16
	Flags  uint16
	Fflags uint32
	Data   int64
	Udata  *byte // any number of that size: so a Kevent_t is never copied
}

// SetKevent does the same as unix.SetKevent.
func SetKevent(k *Kevent_t, fd, mode, flags int) {
	k.Ident, k.Filter, k.Flags = uint64(fd), int16(mode), uint16(flags)
}

func (k *Kevent_t) udata() *uintptr { return (*uintptr)(unsafe.Pointer(&k.Udata)) }

// A key names a registration.
type key struct {
	ident  uint64
	filter int16
}

// A note is a registration: a knote.
type note struct {
	key
	udata  uintptr
	id     int32 // differs from that of an earlier note of the same key
	file   file
	active bool // EVFILT_USER: it was triggered
}

// A file is the file behind a descriptor.
type file struct {
	dev, ino uint64
	pipe     bool
}

func fileOf(fd int) (file, error) {
	var st unix.Stat_t
	if err := unix.Fstat(fd, &st); err != nil {
		return file{}, err
	}
	return file{uint64(st.Dev), st.Ino, st.Mode&unix.S_IFMT == unix.S_IFIFO}, nil
}

// sets holds the filters that have an epoll instance each, since one instance can hold a descriptor
// only once.
var sets = []struct {
	filter int16
	events uint32
}{
	{EVFILT_READ, unix.EPOLLIN | unix.EPOLLRDHUP},
	{EVFILT_WRITE, unix.EPOLLOUT},
	{EVFILT_EXCEPT, unix.EPOLLPRI},
}

// setOf returns the index in sets, or -1.
func setOf(filter int16) int {
	for i := range sets {
		if sets[i].filter == filter {
			return i
		}
	}
	return -1
}

// A queue is a kqueue. Its number is that of top, an epoll instance that holds the others.
type queue struct {
	top, user int // user: an eventfd, for EVFILT_USER
	sets      [3]int

	mu    sync.Mutex
	notes map[key]*note      // mu
	next  int32              // mu; the next id
	ready []unix.EpollEvent  // mu; used by gather
	woke  [4]unix.EpollEvent // only the goroutine that waits uses it
}

var (
	queuesMu sync.Mutex
	queues   = make(map[int]*queue)
)

// Kqueue models kqueue(2).
func Kqueue() (int, error) {
	q := &queue{top: -1, user: -1, sets: [3]int{-1, -1, -1}, notes: make(map[key]*note)}
	if err := q.open(); err != nil {
		q.close()
		return -1, err
	}
	queuesMu.Lock()
	queues[q.top] = q
	queuesMu.Unlock()
	return q.top, nil
}

func (q *queue) open() (err error) {
	if q.top, err = unix.EpollCreate1(unix.EPOLL_CLOEXEC); err != nil {
		return err
	}
	if q.user, err = unix.Eventfd(0, unix.EFD_CLOEXEC|unix.EFD_NONBLOCK); err != nil {
		return err
	}
	inner := []int{q.user}
	for i := range q.sets {
		if q.sets[i], err = unix.EpollCreate1(unix.EPOLL_CLOEXEC); err != nil {
			return err
		}
		inner = append(inner, q.sets[i])
	}
	for _, fd := range inner {
		if err := unix.EpollCtl(q.top, unix.EPOLL_CTL_ADD, fd, &unix.EpollEvent{Events: unix.EPOLLIN}); err != nil {
			return err
		}
	}
	return nil
}

func (q *queue) close() (err error) {
	for _, fd := range append(q.sets[:], q.user) {
		if fd >= 0 {
			unix.Close(fd)
		}
	}
	if q.top >= 0 {
		err = unix.Close(q.top)
	}
	return err
}

// Close models close(2), also for a kqueue.
func Close(fd int) error {
	queuesMu.Lock()
	q := queues[fd]
	delete(queues, fd)
	queuesMu.Unlock()
	if q != nil {
		return q.close()
	}
	return unix.Close(fd)
}

// change makes one change. The caller holds mu.
func (q *queue) change(c *Kevent_t) error {
	k := key{c.Ident, c.Filter}
	n := q.notes[k]
	if c.Filter == EVFILT_USER {
		return q.changeUser(c, k, n)
	}
	set := setOf(c.Filter)
	if set < 0 {
		return unix.EINVAL
	}
	now, err := fileOf(int(c.Ident))
	if err != nil {
		return unix.EBADF
	}
	if c.Filter == EVFILT_EXCEPT && now.pipe && c.Flags&EV_ADD != 0 {
		return unix.EINVAL // pipe_kqfilter of macOS's bsd/kern/sys_pipe.c
	}
	if n != nil && n.file != now { // the close of its number has ended it
		delete(q.notes, k)
		n = nil
	}
	switch {
	case c.Flags&EV_DELETE != 0:
		if n == nil {
			return unix.ENOENT
		}
		delete(q.notes, k)
		return unix.EpollCtl(q.sets[set], unix.EPOLL_CTL_DEL, int(c.Ident), nil)
	case c.Flags&EV_ADD == 0:
		return unix.ENOENT
	case c.Flags&EV_CLEAR == 0:
		return unix.EINVAL // the model has no other filter
	}
	q.next++
	ev := unix.EpollEvent{Events: sets[set].events | unix.EPOLLET, Fd: int32(c.Ident), Pad: q.next}
	err = unix.EpollCtl(q.sets[set], unix.EPOLL_CTL_ADD, int(c.Ident), &ev)
	if err == unix.EEXIST { // a modified registration reports again what is ready
		err = unix.EpollCtl(q.sets[set], unix.EPOLL_CTL_MOD, int(c.Ident), &ev)
	}
	if err == nil {
		q.notes[k] = &note{key: k, udata: *c.udata(), id: q.next, file: now}
	}
	return err
}

// changeUser makes a change of EVFILT_USER, whose numbers are not descriptors. The caller holds mu.
func (q *queue) changeUser(c *Kevent_t, k key, n *note) error {
	switch {
	case c.Flags&EV_ADD != 0:
		n = &note{key: k, udata: *c.udata()}
		q.notes[k] = n
	case n == nil:
		return unix.ENOENT
	case c.Flags&EV_DELETE != 0:
		delete(q.notes, k)
		return nil
	}
	if c.Fflags&NOTE_TRIGGER != 0 {
		n.active = true
		unix.Write(q.user, []byte{7: 1})
	}
	return nil
}

// gather puts the events that are ready now into events. The caller holds mu.
func (q *queue) gather(events []Kevent_t) (n int) {
	var count [8]byte
	unix.Read(q.user, count[:])
	again := false
	for _, note := range q.notes {
		if !note.active {
			continue
		}
		if again = n == len(events); again {
			unix.Write(q.user, []byte{7: 1})
			break
		}
		note.active = false
		events[n].set(note, EV_CLEAR)
		n++
	}
	for i, set := range q.sets {
		if n == len(events) {
			break
		}
		if len(q.ready) < len(events) {
			q.ready = make([]unix.EpollEvent, len(events))
		}
		c, err := unix.EpollWait(set, q.ready[:len(events)-n], 0)
		if err != nil {
			continue
		}
		for _, r := range q.ready[:c] {
			note := q.notes[key{uint64(r.Fd), sets[i].filter}]
			if note == nil || note.id != r.Pad {
				continue
			}
			if now, err := fileOf(int(r.Fd)); err != nil || now != note.file {
				delete(q.notes, note.key)
				continue
			}
			events[n].set(note, EV_CLEAR|note.eof(r.Events))
			n++
		}
	}
	return n
}

func (k *Kevent_t) set(n *note, flags uint16) {
	k.Ident, k.Filter, k.Flags, k.Fflags, k.Data = n.ident, n.filter, flags, 0, 1
	*k.udata() = n.udata
}

// eof returns EV_EOF if events mean that for the filter. The writing end of a pipe gets it on READ
// alone, as on NetBSD.
func (n *note) eof(events uint32) uint16 {
	end := uint32(unix.EPOLLHUP)
	switch {
	case n.filter == EVFILT_READ && n.file.pipe:
		end |= unix.EPOLLERR
	case n.filter == EVFILT_READ:
		end |= unix.EPOLLRDHUP
	case n.file.pipe:
		end = 0
	}
	if events&end != 0 {
		return EV_EOF
	}
	return 0
}

// Kevent models kevent(2): it makes the changes, and then waits for events if there is room for
// any.
func Kevent(kq int, changes, events []Kevent_t, timeout *Timespec) (int, error) {
	queuesMu.Lock()
	q := queues[kq]
	queuesMu.Unlock()
	if q == nil {
		return -1, unix.EBADF
	}
	q.mu.Lock()
	for i := range changes {
		if err := q.change(&changes[i]); err != nil {
			q.mu.Unlock()
			return -1, err // the poller makes changes without room for events
		}
	}
	q.mu.Unlock()
	if len(events) == 0 {
		return 0, nil
	}
	until := time.Time{}
	if timeout != nil {
		until = time.Now().Add(time.Duration(timeout.Nano()))
	}
	for {
		q.mu.Lock()
		n := q.gather(events)
		q.mu.Unlock()
		wait := -1
		if timeout != nil {
			wait = int((max(time.Until(until), 0) + time.Millisecond - 1) / time.Millisecond)
		}
		if n > 0 || wait == 0 {
			return n, nil
		}
		if _, err := unix.EpollWait(q.top, q.woke[:], wait); err != nil {
			return -1, err.(syscall.Errno)
		}
	}
}
