package pollers

import (
	"errors"
	"os"
	"sync"
	"time"

	"github.com/polluxio/pollux"
	"golang.org/x/sys/unix"
)

// oneShot is a poller over EPOLLONESHOT. An event disables the whole registration, and not only its
// own direction. So the poller records which directions are still asked for, and asks for them
// again before it reports the event.
type oneShot struct {
	epfd, wakefd int

	mu   sync.Mutex
	next uint32            // mu
	regs map[int32]*reg    // mu; by descriptor
	raw  []unix.EpollEvent // only the goroutine that waits uses it
}

// A reg is one registration.
type reg struct {
	token pollux.Token
	id    uint32       // differs from that of an earlier registration of the same descriptor
	asked pollux.Ready // mu of its poller; Readable, Writable or both
}

// OneShot makes a poller over EPOLLONESHOT. It takes two descriptors.
func OneShot() (Poller, error) {
	epfd, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	if err != nil {
		return nil, os.NewSyscallError("epoll_create1", err)
	}
	wakefd, err := unix.Eventfd(0, unix.EFD_CLOEXEC|unix.EFD_NONBLOCK)
	if err != nil {
		unix.Close(epfd)
		return nil, os.NewSyscallError("eventfd", err)
	}
	p := &oneShot{epfd: epfd, wakefd: wakefd, regs: make(map[int32]*reg)}
	// Edge-triggered, so that the counter need not be read.
	ev := unix.EpollEvent{Events: unix.EPOLLIN | unix.EPOLLET, Fd: int32(wakefd)}
	if err := unix.EpollCtl(epfd, unix.EPOLL_CTL_ADD, wakefd, &ev); err != nil {
		p.Close()
		return nil, os.NewSyscallError("epoll_ctl", err)
	}
	return p, nil
}

func (p *oneShot) OneShot() bool          { return true }
func (p *oneShot) Yield() error           { return nil }
func (p *oneShot) Crowded() time.Duration { return 0 }

// control passes the directions of r to the kernel. The caller holds mu.
func (p *oneShot) control(op, fd int, r *reg) error {
	ev := unix.EpollEvent{Events: unix.EPOLLONESHOT, Fd: int32(fd), Pad: int32(r.id)}
	if r.asked&pollux.Readable != 0 {
		ev.Events |= unix.EPOLLIN | unix.EPOLLRDHUP | unix.EPOLLPRI
	}
	if r.asked&pollux.Writable != 0 {
		ev.Events |= unix.EPOLLOUT
	}
	return os.NewSyscallError("epoll_ctl", unix.EpollCtl(p.epfd, op, fd, &ev))
}

func (p *oneShot) Add(fd int, token pollux.Token) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.next++
	r := &reg{token: token, id: p.next, asked: directions}
	if err := p.control(unix.EPOLL_CTL_ADD, fd, r); err != nil {
		return err
	}
	p.regs[int32(fd)] = r
	return nil
}

// Mute returns false: an event is reported only after Arm.
func (p *oneShot) Mute(int, pollux.Token) (bool, error) { return false, nil }
func (p *oneShot) Unmute(int, pollux.Token) error       { return nil }

func (p *oneShot) Arm(fd int, token pollux.Token, want pollux.Ready) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	r := p.regs[int32(fd)]
	if r == nil || r.token != token {
		return os.NewSyscallError("epoll_ctl", unix.ENOENT)
	}
	if want &= directions; want&^r.asked == 0 {
		return nil
	}
	r.asked |= want
	return p.control(unix.EPOLL_CTL_MOD, fd, r)
}

func (p *oneShot) Delete(fd int, token pollux.Token) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if r := p.regs[int32(fd)]; r != nil && r.token == token {
		delete(p.regs, int32(fd))
	}
	return os.NewSyscallError("epoll_ctl", unix.EpollCtl(p.epfd, unix.EPOLL_CTL_DEL, fd, nil))
}

func (p *oneShot) Wait(events []pollux.Event, timeout time.Duration) (int, error) {
	if len(p.raw) < len(events) {
		p.raw = make([]unix.EpollEvent, len(events))
	}
	n, err := unix.EpollWait(p.epfd, p.raw[:len(events)], milliseconds(timeout))
	if err != nil {
		if errors.Is(err, unix.EINTR) {
			return 0, nil
		}
		return 0, os.NewSyscallError("epoll_wait", err)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	kept := 0
	for _, ev := range p.raw[:n] {
		r := p.regs[ev.Fd]
		if r == nil || r.id != uint32(ev.Pad) {
			continue // the wake-up, or a registration that was deleted meanwhile
		}
		told := readyOf(ev.Events&unix.EPOLLIN != 0, ev.Events&unix.EPOLLOUT != 0, ev.Events&unix.EPOLLPRI != 0,
			ev.Events&unix.EPOLLRDHUP != 0, ev.Events&(unix.EPOLLHUP|unix.EPOLLERR) != 0)
		if r.asked &^= told; r.asked != 0 {
			if err := p.control(unix.EPOLL_CTL_MOD, int(ev.Fd), r); err != nil {
				return kept, err
			}
		}
		events[kept] = pollux.Event{Token: r.token, Ready: told}
		kept++
	}
	return kept, nil
}

// milliseconds rounds a timeout up. A negative timeout means for ever and gives -1.
func milliseconds(timeout time.Duration) int {
	if timeout < 0 {
		return -1
	}
	return int(min((timeout+time.Millisecond-1)/time.Millisecond, 1<<31-1))
}

// readyOf returns the readiness for a set of the system's events.
func readyOf(in, out, pri, rdhup, hup bool) (r pollux.Ready) {
	if in {
		r |= pollux.Readable
	}
	if out {
		r |= pollux.Writable
	}
	if pri {
		r |= pollux.Readable | pollux.Urgent
	}
	if rdhup {
		r |= pollux.Readable | pollux.Hangup
	}
	if hup {
		r |= directions | pollux.Hangup
	}
	return r
}

func (p *oneShot) Wake() error { return notify(p.wakefd) }

// notify makes an eventfd readable.
func notify(eventfd int) error {
	for {
		_, err := unix.Write(eventfd, []byte{7: 1})
		switch {
		case errors.Is(err, unix.EINTR):
		case errors.Is(err, unix.EAGAIN):
			unix.Read(eventfd, make([]byte, 8)) // the counter is full
		default:
			return os.NewSyscallError("write", err)
		}
	}
}

func (p *oneShot) Close() error {
	return errors.Join(os.NewSyscallError("close", unix.Close(p.wakefd)), os.NewSyscallError("close", unix.Close(p.epfd)))
}

// directions are the two directions that a caller can ask for and that an event uses up.
const directions = pollux.Readable | pollux.Writable
