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
//   - A registration belongs to the open file description, not to the descriptor's number. A close
//     of the number ends the registration only if no duplicate is left, here or in another process.
//     After the close it cannot be deleted: see Poller.Delete.
//   - In edge-triggered mode every arrival makes an edge, even if earlier bytes were not read. So
//     the kernel always reports an arrival after a reader's last read. It may report an arrival
//     before that read once too often.
//   - The events of a writable socket include EPOLLOUT even if only EPOLLIN had an edge.
//   - EPOLLRDHUP reports the peer's half-close. EPOLLHUP and EPOLLERR are always reported. A TCP
//     socket that is neither connected nor listening reports EPOLLOUT and EPOLLHUP.
//   - A timeout of epoll_wait starts and stops a kernel timer in each call that blocks. This takes
//     a microsecond in a virtual machine. A timerfd that stays armed from one wait to the next
//     costs that only once. It can also end a wait that is not a system call.
//   - With a zero timeout epoll_wait cannot block. So it goes through RawSyscall, and the scheduler
//     need not know of it. This saves a tenth of the cost of a message.

// watched holds the events that Add asks for. They stay the same for the life of the registration.
const watched = unix.EPOLLIN | unix.EPOLLOUT | unix.EPOLLRDHUP | unix.EPOLLPRI | unix.EPOLLET

// muted holds the events that remain during a Mute. The kernel adds EPOLLHUP and EPOLLERR.
const muted = unix.EPOLLRDHUP | unix.EPOLLET

// batch is the largest number of events that one system call fetches. It takes 3 KiB. A turn with
// 1,000 busy connections sees fewer events.
const batch = 256

// The tokens of the poller's own descriptors have generation 0. The caller's have others.
const (
	wakeToken  Token = 0
	timerToken Token = 1 << 32
)

type backend struct {
	epfd     int
	eventfd  int
	timerfd  int
	strategy strategy // owns epfd

	// The goroutine that waits owns the fields below.
	armed time.Duration // when the timerfd fires, as a time of monotonic; 0: it is not armed
	room  int           // number of events that fit
	found int           // number of events in raw
	errno syscall.Errno // error of the call that filled raw
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
	// These descriptors are edge-triggered: each write and each expiry makes an edge. So the poller
	// never reads their counters.
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
	runtime.KeepAlive(b) // the finalizer of the os.File in b would close the epoll descriptor
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

func (b *backend) mute(fd int, token Token) (bool, error) {
	err := b.control(unix.EPOLL_CTL_MOD, fd, muted, token)
	return err == nil, err
}

// unmute relies on EPOLL_CTL_MOD: it reports a descriptor that is ready, as EPOLL_CTL_ADD does
// (ep_modify in fs/eventpoll.c).
func (b *backend) unmute(fd int, token Token) error {
	return b.control(unix.EPOLL_CTL_MOD, fd, watched, token)
}

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
			continue // this event only had to end the wait
		}
		events[kept] = Event{token, readyOf(ev.Events)}
		kept++
	}
	return kept, nil
}

// armTimer makes the timerfd fire within timeout. It may fire earlier, if an earlier call asked for
// that. The caller then finds no timer that is due, and waits again.
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

// look and block call epoll_pwait with a null signal mask, since arm64 has no epoll_wait.
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
			// The counter is full after 2^64-2 wake-ups. Read it, so that it starts again from
			// zero.
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
