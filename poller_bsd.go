//go:build darwin || freebsd || netbsd || openbsd || dragonfly

package pollux

import (
	"errors"
	"math"
	"os"
	"sync"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Some facts about kqueue that this file relies on:
//
//   - A registration (a knote) belongs to the pair of number and filter, in this process. Closing
//     the number ends it, also if another descriptor of the same file is left. A child of fork(2)
//     inherits no kqueue, so close-on-exec can be set afterwards.
//   - EV_CLEAR makes an edge of every arrival, as EPOLLET does. READ and WRITE are events of their
//     own. They may come in two calls. WRITE is reported at every ACK of the peer's, not only when
//     there is room again.
//   - EV_EOF on READ is the peer's half-close, on WRITE the end of sending; it comes with what is
//     left to read. A pipe's writer and a Unix socket whose peer has shut down get it on READ alone
//     (NetBSD). So it is reported for both directions.
//   - EV_ADD of what is there modifies it, and reports again what is ready. There is no EEXIST.
//   - A change list without room for events ends at its first error. The changes before it are
//     made, those after it are not.
//   - udata has the size of a pointer, and x/sys declares it as one on most systems. What is put
//     there is no pointer, so the garbage collector must not see it: the buffers are of uint64, and
//     of type Kevent_t only for the system call.
//   - A timeout counts in ticks of the kernel's clock, 10 ms long by default on NetBSD and OpenBSD.
//     It is late, never early.

// batch is how many events one system call can fetch: 8 KiB, 16 on FreeBSD.
const batch = 256

const (
	keventSize  = unsafe.Sizeof(unix.Kevent_t{})
	keventWords = (keventSize + 7) / 8
)

// wide says that a Token fits into udata. Otherwise udata has its generation, and tokens has the
// rest by descriptor. An event that was fetched before its number was added anew is then reported
// to the new registration if both have the same generation, which is legal.
const wide = unsafe.Sizeof(unix.Kevent_t{}.Udata) == 8

// A filter is a kind of event that is asked for, and what it means.
type filter struct {
	number int
	fflags uint32
	ready  Ready
}

// directions are what Add asks for. exceptional (poller_urgent.go, poller_noturgent.go) has a
// filter for urgent data where the system has one.
var directions = append([]filter{
	{unix.EVFILT_READ, 0, Readable},
	{unix.EVFILT_WRITE, 0, Writable},
}, exceptional...)

// mostFilters is how many directions has at most.
const mostFilters = 3

type backend struct {
	kq       int
	waker    waker
	strategy strategy // owns kq

	mu     sync.Mutex
	tokens map[int]Token // mu; only if !wide

	// Of the goroutine that waits.
	timeout time.Duration
	room    int   // for events
	found   int   // events in raw
	errno   error // of the look that found them
	raw     [batch * keventWords]uint64
}

func (b *backend) open(cfg *Config) error {
	kq, err := unix.Kqueue()
	if err != nil {
		return os.NewSyscallError("kqueue", err)
	}
	unix.CloseOnExec(kq)
	*b = backend{kq: kq}
	b.strategy = newStrategy(cfg.Strategy, func() error { return os.NewSyscallError("close", unix.Close(kq)) })
	if !wide {
		b.tokens = make(map[int]Token)
	}
	if err := b.waker.open(b); err != nil {
		b.close()
		return err
	}
	return nil
}

// keventsIn is how the system sees words.
func keventsIn(words []uint64) []unix.Kevent_t {
	return unsafe.Slice((*unix.Kevent_t)(unsafe.Pointer(&words[0])), uintptr(len(words))*8/keventSize)
}

// udata is where the system keeps a number for the caller.
func udata(k *unix.Kevent_t) *uintptr { return (*uintptr)(unsafe.Pointer(&k.Udata)) }

// change makes the same change of several filters of fd.
func (b *backend) change(fd, flags int, data uintptr, filters ...filter) error {
	var words [mostFilters * keventWords]uint64
	changes := keventsIn(words[:])[:len(filters)]
	for i, f := range filters {
		unix.SetKevent(&changes[i], fd, f.number, flags)
		changes[i].Fflags = f.fflags
		*udata(&changes[i]) = data
	}
	for {
		_, err := unix.Kevent(b.kq, changes, nil, nil)
		if err != unix.EINTR {
			return err
		}
	}
}

// changeAny succeeds if one of the directions can be changed so: the ends of a pipe have one each.
// The error is that of the first.
func (b *backend) changeAny(fd, flags int, data uintptr) error {
	if b.change(fd, flags, data, directions...) == nil {
		return nil
	}
	var first error
	changed := false
	for _, f := range directions {
		err := b.change(fd, flags, data, f)
		if err == nil {
			changed = true
		} else if first == nil {
			first = err
		}
	}
	if changed {
		return nil
	}
	return os.NewSyscallError("kevent", first)
}

func (b *backend) oneShot() bool { return false }

func (b *backend) add(fd int, token Token) error {
	if !wide { // before the first event
		b.mu.Lock()
		b.tokens[fd] = token
		b.mu.Unlock()
	}
	err := b.changeAny(fd, unix.EV_ADD|unix.EV_CLEAR, uintptr(token))
	if err != nil && !wide {
		b.forget(fd)
	}
	return err
}

func (b *backend) forget(fd int) {
	b.mu.Lock()
	delete(b.tokens, fd)
	b.mu.Unlock()
}

func (b *backend) arm(int, Token, Ready) error { return nil }

func (b *backend) delete(fd int, _ Token) error {
	if !wide {
		b.forget(fd)
	}
	return b.changeAny(fd, unix.EV_DELETE, 0)
}

func (b *backend) wait(events []Event, timeout time.Duration) (int, error) {
	if len(events) == 0 {
		return 0, os.NewSyscallError("kevent", unix.EINVAL)
	}
	b.room = min(len(events), batch)
	b.found, b.errno = 0, nil
	b.timeout = timeout
	if err := b.strategy.wait(b, timeout != 0); err != nil {
		return 0, err
	}
	if b.errno != nil {
		if errors.Is(b.errno, unix.EINTR) {
			return 0, nil
		}
		return 0, os.NewSyscallError("kevent", b.errno)
	}
	return b.report(events), nil
}

// report fills events with what was found, and returns how many there are.
func (b *backend) report(events []Event) (kept int) {
	if !wide {
		b.mu.Lock()
		defer b.mu.Unlock()
	}
	found := keventsIn(b.raw[:])[:b.found]
	for i := range found {
		k := &found[i]
		token := Token(*udata(k))
		if token.Generation() == 0 {
			b.waker.over()
			continue // the wait has ended, which is all that it asks for
		}
		if !wide {
			generation := token
			if token = b.tokens[int(k.Ident)]; Token(token.Generation()) != generation {
				continue // it was deleted meanwhile
			}
		}
		events[kept] = Event{Token: token, Ready: readyOf(k)}
		kept++
	}
	return kept
}

func readyOf(k *unix.Kevent_t) (r Ready) {
	for _, f := range directions {
		if f.number == int(k.Filter) {
			r = f.ready
		}
	}
	if int(k.Flags)&unix.EV_EOF != 0 {
		r |= Readable | Writable | Hangup
	}
	return r
}

func (b *backend) look() bool {
	var none unix.Timespec
	return b.fetch(&none)
}

// longest is the longest timeout that all systems take. Some refuse 100,000,000 seconds and more,
// and time_t may have 32 bits.
const longest = math.MaxInt32 * time.Millisecond

func (b *backend) block() {
	if b.timeout < 0 {
		b.fetch(nil)
		return
	}
	limit := unix.NsecToTimespec(int64(min(b.timeout, longest)))
	b.fetch(&limit)
}

func (b *backend) fetch(limit *unix.Timespec) bool {
	b.found, b.errno = unix.Kevent(b.kq, nil, keventsIn(b.raw[:])[:b.room], limit)
	if b.errno != nil {
		b.found = 0
	}
	return b.found > 0 || b.errno != nil
}

func (b *backend) yield() error { return b.strategy.pass(b) }

func (b *backend) crowded() time.Duration { return b.strategy.crowded() }

func (b *backend) wake() error { return b.waker.wake(b) }

func (b *backend) close() error { return errors.Join(b.waker.close(), b.strategy.close()) }
