package pollux

import (
	"errors"
	"math"
	"os"
	"runtime"
	"syscall"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Some facts about epoll that this file relies on:
//
//   - A registration belongs to the open file description, not to the number. Closing the number
//     ends the registration only if no duplicate is left, here or in another process, and it cannot
//     be deleted without the number: see Poller.Delete.
//   - Edge-triggered, every arrival makes an edge, even if the bytes before it were not read. So an
//     arrival after a reader's last read is always reported, and one before it may be reported once
//     too often.
//   - EPOLLOUT is set in the events of a writable socket even if only EPOLLIN had an edge.
//   - EPOLLRDHUP is the peer's half-close. EPOLLHUP and EPOLLERR are always reported. A TCP socket
//     that is neither connected nor listening reports EPOLLOUT and EPOLLHUP.
//   - A timeout of epoll_wait starts a kernel timer for each call that blocks, and stops it again:
//     a microsecond in a virtual machine. A timerfd that stays armed from one wait to the next
//     costs that once, and it can end a wait that is not a system call.
//   - With a zero timeout epoll_wait cannot block, so it goes through RawSyscall: the scheduler
//     need not know. This saves a tenth of the cost of a message.

// watched is asked for once, at Add, for the life of the registration.
const watched = unix.EPOLLIN | unix.EPOLLOUT | unix.EPOLLRDHUP | unix.EPOLLPRI | unix.EPOLLET

// batch is how many events one system call can fetch: 3 KiB, and more than a turn at 1,000 busy
// connections sees.
const batch = 256

// The poller's own descriptors, by token: the caller's have generations above 0.
const (
	wakeToken  Token = 0
	timerToken Token = 1 << 32
)

type backend struct {
	epfd     int
	eventfd  int
	timerfd  int
	strategy strategy // owns epfd

	// Of the goroutine that waits.
	armed time.Duration // when the timerfd fires, see monotonic; 0: it is not armed
	room  int           // for events
	found int           // events in raw
	errno syscall.Errno // of the look that found them
	raw   [batch]unix.EpollEvent
}

func (b *backend) open(cfg *Config) error {
	epfd, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	if err != nil {
		return os.NewSyscallError("epoll_create1", err)
	}
	*b = backend{epfd: epfd, eventfd: -1, timerfd: -1}
	if b.strategy, err = newStrategy(cfg.Strategy, epfd, b.edge); err != nil {
		return err
	}
	// Edge-triggered, their counters need never be read: each write and each expiry is an edge.
	if b.eventfd, err = unix.Eventfd(0, unix.EFD_CLOEXEC|unix.EFD_NONBLOCK); err != nil {
		err = os.NewSyscallError("eventfd", err)
	} else if b.timerfd, err = unix.TimerfdCreate(unix.CLOCK_MONOTONIC, unix.TFD_CLOEXEC|unix.TFD_NONBLOCK); err != nil {
		err = os.NewSyscallError("timerfd_create", err)
	}
	for _, own := range []struct {
		fd    int
		token Token
	}{{b.eventfd, wakeToken}, {b.timerfd, timerToken}} {
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
	runtime.KeepAlive(b) // a poller that is garbage has its epoll descriptor closed: it is an os.File
	if errno != 0 {
		return os.NewSyscallError("epoll_ctl", errno)
	}
	return nil
}

func (b *backend) oneShot() bool { return false }

func (b *backend) add(fd int, token Token) error {
	return b.control(unix.EPOLL_CTL_ADD, fd, watched, token)
}

func (b *backend) arm(int, Token, Ready) error { return nil }

func (b *backend) delete(fd int, token Token) error {
	return b.control(unix.EPOLL_CTL_DEL, fd, 0, token)
}

func (b *backend) wait(events []Event, timeout time.Duration) (int, error) {
	if timeout > 0 {
		if err := b.armTimer(timeout); err != nil {
			return 0, err
		}
	}
	b.room = min(len(events), batch)
	b.found, b.errno = 0, 0
	if err := b.strategy.wait(b, timeout != 0); err != nil {
		return 0, err
	}
	if b.errno != 0 {
		if b.errno == unix.EINTR {
			return 0, nil
		}
		return 0, os.NewSyscallError("epoll_wait", b.errno)
	}
	kept := 0
	for i := range b.raw[:b.found] {
		ev := &b.raw[i]
		token := MakeToken(uint32(ev.Fd), uint32(ev.Pad))
		if token.Generation() == 0 {
			if token == timerToken {
				b.armed = 0
			}
			continue // the wait has ended, which is all that it asks for
		}
		events[kept] = Event{token, readyOf(ev.Events)}
		kept++
	}
	return kept, nil
}

// armTimer makes the timerfd fire within timeout. It may fire earlier, for an earlier call; then
// the caller finds that nothing is due, and waits again.
func (b *backend) armTimer(timeout time.Duration) error {
	now := monotonic()
	at := now + timeout
	if at < now {
		at = math.MaxInt64
	}
	if b.armed != 0 && b.armed <= at {
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

// look and block have epoll_pwait with a null signal mask: arm64 has no epoll_wait.
func (b *backend) look() bool {
	n, _, errno := syscall.RawSyscall6(unix.SYS_EPOLL_PWAIT, uintptr(b.epfd), uintptr(unsafe.Pointer(&b.raw[0])),
		uintptr(b.room), 0, 0, 0)
	return b.took(n, errno)
}

func (b *backend) block() {
	n, _, errno := unix.Syscall6(unix.SYS_EPOLL_PWAIT, uintptr(b.epfd), uintptr(unsafe.Pointer(&b.raw[0])),
		uintptr(b.room), ^uintptr(0), 0, 0)
	b.took(n, errno)
}

func (b *backend) took(n uintptr, errno syscall.Errno) bool {
	b.found, b.errno = int(n), errno
	if errno != 0 {
		b.found = 0
	}
	return n != 0
}

// edge makes an event of the poller's own.
func (b *backend) edge() error { return notify(b.eventfd) }

func (b *backend) yield() error { return b.strategy.pass(b) }

func (b *backend) crowded() time.Duration { return b.strategy.crowded() }

func (b *backend) wake() error {
	err := notify(b.eventfd)
	runtime.KeepAlive(b)
	return err
}

// notify makes an edge of an eventfd.
func notify(eventfd int) error {
	for one := uint64(1); ; {
		_, _, errno := syscall.RawSyscall(unix.SYS_WRITE, uintptr(eventfd), uintptr(unsafe.Pointer(&one)), 8)
		switch errno {
		case 0:
			return nil
		case unix.EINTR:
		case unix.EAGAIN:
			// 2^64-2 wake-ups and no read: it starts again from zero.
			var drained [8]byte
			unix.Read(eventfd, drained[:])
		default:
			return os.NewSyscallError("write", errno)
		}
	}
}

func (b *backend) close() error {
	errs := []error{b.strategy.close()}
	for _, fd := range []int{b.eventfd, b.timerfd} {
		if fd >= 0 {
			errs = append(errs, os.NewSyscallError("close", unix.Close(fd)))
		}
	}
	return errors.Join(errs...)
}
