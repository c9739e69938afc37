package pollux

import (
	"errors"
	"os"
	"syscall"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Some facts about epoll that this file stands on:
//
//   - A registration belongs to the open file description, not to the number. Closing the number ends it only if no
//     duplicate is left, here or in another process, and without the number nobody can delete it: see Poller.Delete.
//   - Edge-triggered, every arrival makes an edge, even if the bytes before it were not read. So what comes after a reader's
//     last read is always told, and what came before it may be told once too often.
//   - EPOLLOUT is set in the events of a writable socket even if only EPOLLIN had an edge.
//   - EPOLLRDHUP is the peer's half-close; EPOLLHUP and EPOLLERR come unasked. A TCP socket that is neither connected nor
//     listening reports EPOLLOUT|EPOLLHUP.
//   - epoll_wait counts in milliseconds; epoll_pwait2 (Linux 5.11) in nanoseconds. Either starts a timer of the kernel's for each
//     call that blocks and stops it again: a microsecond in a virtual machine, where the timer's hardware is not its own. A timerfd
//     that stays armed from one wait to the next costs that once.
//   - With a zero timeout it cannot block, so it goes through RawSyscall: the scheduler need not know (it is about a tenth of
//     the cost of a message).

// watched is asked for once, at Add, for good.
const watched = unix.EPOLLIN | unix.EPOLLOUT | unix.EPOLLRDHUP | unix.EPOLLPRI | unix.EPOLLET

// batch is how many events one system call can fetch: 3 KiB, and more than a turn at 1,000 busy connections sees.
const batch = 256

// The poller's own descriptors, by token: the caller's have generations above 0.
const (
	wakeToken  Token = 0
	timerToken Token = 1 << 32
	guardToken Token = 2 << 32
)

// longWait is from where on a timeout is left to the timerfd: to arm it is a system call more, which has to pay.
const longWait = 10 * time.Millisecond

type backend struct {
	epfd    int
	eventfd int
	timerfd int
	guardfd int

	// Of the goroutine that waits.
	coarse bool      // no epoll_pwait2: milliseconds
	armed  time.Time // when the timerfd fires; zero: it does not
	hold   hold
	raw    [batch]unix.EpollEvent

	elsewhere elsewhere
}

func (b *backend) open() error {
	epfd, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	if err != nil {
		return os.NewSyscallError("epoll_create1", err)
	}
	*b = backend{epfd: epfd, eventfd: -1, timerfd: -1, guardfd: -1}
	// Edge-triggered, their counters need never be read: each write and each expiry is an edge.
	if b.eventfd, err = unix.Eventfd(0, unix.EFD_CLOEXEC|unix.EFD_NONBLOCK); err != nil {
		err = os.NewSyscallError("eventfd", err)
	} else if b.timerfd, err = unix.TimerfdCreate(unix.CLOCK_MONOTONIC, unix.TFD_CLOEXEC|unix.TFD_NONBLOCK); err != nil {
		err = os.NewSyscallError("timerfd_create", err)
	} else if b.guardfd, err = unix.TimerfdCreate(unix.CLOCK_MONOTONIC, unix.TFD_CLOEXEC|unix.TFD_NONBLOCK); err != nil {
		err = os.NewSyscallError("timerfd_create", err)
	}
	if err == nil {
		err = b.elsewhere.open()
	}
	for _, own := range []struct {
		fd    int
		token Token
	}{{b.eventfd, wakeToken}, {b.timerfd, timerToken}, {b.guardfd, guardToken}} {
		if err == nil {
			err = b.control(unix.EPOLL_CTL_ADD, own.fd, unix.EPOLLIN|unix.EPOLLET, own.token)
		}
	}
	if err != nil {
		b.close()
	}
	return err
}

func (b *backend) control(op, fd int, events uint32, token Token) error {
	ev := unix.EpollEvent{Events: events, Fd: int32(token.Slot()), Pad: int32(token.Generation())}
	_, _, errno := syscall.RawSyscall6(unix.SYS_EPOLL_CTL, uintptr(b.epfd), uintptr(op), uintptr(fd),
		uintptr(unsafe.Pointer(&ev)), 0, 0)
	if errno != 0 {
		return os.NewSyscallError("epoll_ctl", errno)
	}
	return nil
}

func (b *backend) add(fd int, token Token) error {
	return b.control(unix.EPOLL_CTL_ADD, fd, watched, token)
}

func (b *backend) arm(int, Token, Ready) error { return nil }

func (b *backend) delete(fd int, token Token) error {
	return b.control(unix.EPOLL_CTL_DEL, fd, 0, token)
}

func (b *backend) wait(events []Event, timeout time.Duration) (int, error) {
	if timeout >= longWait {
		if err := b.armTimer(timeout); err != nil {
			return 0, err
		}
		timeout = -1
	}
	n, errno := b.fetch(min(len(events), batch), timeout)
	if errno != 0 {
		if errno == unix.EINTR {
			return 0, nil
		}
		return 0, os.NewSyscallError("epoll_wait", errno)
	}
	kept := 0
	for i := range b.raw[:n] {
		ev := &b.raw[i]
		token := MakeToken(uint32(ev.Fd), uint32(ev.Pad))
		if token.Generation() == 0 {
			switch token {
			case timerToken:
				b.armed = time.Time{}
			case guardToken:
				b.hold.over()
			}
			continue // to return is all it asks
		}
		events[kept] = Event{token, readyOf(ev.Events)}
		kept++
	}
	return kept, nil
}

// armTimer sees to it that the timerfd fires within timeout. It may do so earlier, from an earlier call; then the caller finds that
// nothing is due, and waits again.
func (b *backend) armTimer(timeout time.Duration) error {
	at := time.Now().Add(timeout)
	if !b.armed.IsZero() && !b.armed.After(at) {
		return nil
	}
	spec := unix.ItimerSpec{Value: unix.NsecToTimespec(int64(timeout))}
	if err := unix.TimerfdSettime(b.timerfd, 0, &spec, nil); err != nil {
		return os.NewSyscallError("timerfd_settime", err)
	}
	b.armed = at
	return nil
}

func readyOf(events uint32) (r Ready) {
	if events&unix.EPOLLIN != 0 {
		r |= Readable
	}
	if events&unix.EPOLLOUT != 0 {
		r |= Writable
	}
	if events&unix.EPOLLRDHUP != 0 {
		r |= Readable | Hangup
	}
	if events&(unix.EPOLLHUP|unix.EPOLLERR) != 0 {
		r |= Readable | Writable | Hangup
	}
	if events&unix.EPOLLPRI != 0 {
		r |= Readable | Urgent
	}
	return r
}

// fetch is the wait itself, by the cheapest call that can do it.
func (b *backend) fetch(room int, timeout time.Duration) (int, syscall.Errno) {
	var n uintptr
	var errno syscall.Errno
	if timeout == 0 {
		return b.fetchNow(room)
	}
	b.hold.before()
	// The kernel's timespec has 64-bit fields on every architecture; 32-bit ones keep to milliseconds.
	if timeout > 0 && !b.coarse && unsafe.Sizeof(n) == 8 {
		ts := unix.NsecToTimespec(int64(timeout))
		n, _, errno = unix.Syscall6(unix.SYS_EPOLL_PWAIT2, uintptr(b.epfd), uintptr(unsafe.Pointer(&b.raw[0])),
			uintptr(room), uintptr(unsafe.Pointer(&ts)), 0, 0)
		// EPERM: seccomp filters older than the call answer so.
		if errno != unix.ENOSYS && errno != unix.EPERM {
			return int(n), errno
		}
		b.coarse = true
	}
	if timeout < 0 {
		return b.fetchHeld(room)
	}
	// Rounded up: a wait that ended early would be made again, and again, until the millisecond is over.
	ms := min((timeout-1)/time.Millisecond+1, 1<<31-1)
	n, _, errno = unix.Syscall6(unix.SYS_EPOLL_PWAIT, uintptr(b.epfd), uintptr(unsafe.Pointer(&b.raw[0])),
		uintptr(room), uintptr(ms), 0, 0)
	return int(n), errno
}

// fetchNow takes what is there.
func (b *backend) fetchNow(room int) (int, syscall.Errno) {
	n, _, errno := syscall.RawSyscall6(unix.SYS_EPOLL_PWAIT, uintptr(b.epfd), uintptr(unsafe.Pointer(&b.raw[0])),
		uintptr(room), 0, 0, 0)
	return int(n), errno
}

func (b *backend) wake() error { return notify(b.eventfd) }

// notify makes an edge of an eventfd.
func notify(eventfd int) error {
	one := uint64(1)
	_, _, errno := syscall.RawSyscall(unix.SYS_WRITE, uintptr(eventfd), uintptr(unsafe.Pointer(&one)), 8)
	switch errno {
	case 0:
		return nil
	case unix.EAGAIN:
		// 2^64-2 wake-ups and no read: the next Wait starts from a counter of zero.
		var drained [8]byte
		unix.Read(eventfd, drained[:])
		return notify(eventfd)
	}
	return os.NewSyscallError("write", errno)
}

func (b *backend) close() error {
	b.hold.end()
	var errs []error
	for _, fd := range []int{b.eventfd, b.timerfd, b.guardfd, b.epfd} {
		if fd >= 0 {
			errs = append(errs, os.NewSyscallError("close", unix.Close(fd)))
		}
	}
	if b.elsewhere.file != nil {
		errs = append(errs, b.elsewhere.file.Close())
	}
	return errors.Join(errs...)
}
