package pollers

import (
	"errors"
	"os"
	"sync"
	"time"

	"github.com/polluxio/pollux"
	"golang.org/x/sys/unix"
)

// poll is a poller over poll(2). The kernel keeps nothing from one call to the next, so the poller
// is level-triggered and one-shot by nature. A running call cannot see a change of the set. So a
// change ends the call, and Wait makes a new one.
type poll struct {
	wakefd int // readable after a wake-up or a change of the set

	mu    sync.Mutex
	woken bool         // mu; Wake was called
	regs  map[int]*reg // mu; by descriptor

	// The goroutine that waits owns these: the set of the last call, and the registration of each
	// entry.
	fds   []unix.PollFd
	whose []*reg
}

// Poll makes a poller over poll(2). It takes one descriptor.
func Poll() (Poller, error) {
	wakefd, err := unix.Eventfd(0, unix.EFD_CLOEXEC|unix.EFD_NONBLOCK)
	if err != nil {
		return nil, os.NewSyscallError("eventfd", err)
	}
	return &poll{wakefd: wakefd, regs: make(map[int]*reg)}, nil
}

func (p *poll) OneShot() bool          { return true }
func (p *poll) Yield() error           { return nil }
func (p *poll) Crowded() time.Duration { return 0 }

// check returns the errors that epoll_ctl would return for a descriptor: EBADF, and EPERM if it
// cannot be polled.
func check(fd int) error {
	var st unix.Stat_t
	if err := unix.Fstat(fd, &st); err != nil {
		return os.NewSyscallError("fstat", err)
	}
	if kind := st.Mode & unix.S_IFMT; kind == unix.S_IFREG || kind == unix.S_IFDIR {
		return os.NewSyscallError("poll", unix.EPERM)
	}
	return nil
}

func (p *poll) Add(fd int, token pollux.Token) error {
	if err := check(fd); err != nil {
		return err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.regs[fd] != nil {
		return os.NewSyscallError("poll", unix.EEXIST)
	}
	p.regs[fd] = &reg{token: token, asked: directions}
	return notify(p.wakefd)
}

// Mute returns false: an event is reported only after Arm.
func (p *poll) Mute(int, pollux.Token) (bool, error) { return false, nil }
func (p *poll) Unmute(int, pollux.Token) error       { return nil }

func (p *poll) Arm(fd int, token pollux.Token, want pollux.Ready) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	r := p.regs[fd]
	if r == nil || r.token != token {
		return os.NewSyscallError("poll", unix.ENOENT)
	}
	if want &= directions; want&^r.asked == 0 {
		return nil
	}
	r.asked |= want
	return notify(p.wakefd)
}

// Delete ends a running call of poll(2). That call would keep the descriptor's file open, and the
// peer would not see it close.
func (p *poll) Delete(fd int, token pollux.Token) error {
	if err := check(fd); err != nil {
		return err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if r := p.regs[fd]; r == nil || r.token != token {
		return os.NewSyscallError("poll", unix.ENOENT)
	}
	delete(p.regs, fd)
	return notify(p.wakefd)
}

func (p *poll) Wait(events []pollux.Event, timeout time.Duration) (int, error) {
	if len(events) == 0 {
		return 0, os.NewSyscallError("poll", unix.EINVAL)
	}
	var limit *unix.Timespec
	since := time.Now()
	for {
		if timeout >= 0 {
			left := unix.NsecToTimespec(int64(max(timeout-time.Since(since), 0)))
			limit = &left
		}
		p.collect()
		n, err := unix.Ppoll(p.fds, limit, nil)
		if err != nil {
			if errors.Is(err, unix.EINTR) {
				return 0, nil
			}
			return 0, os.NewSyscallError("ppoll", err)
		}
		// A change of the set alone is no event: make another call.
		if told, woken := p.tell(events); told > 0 || woken || n == 0 {
			return told, nil
		}
	}
}

// collect makes the set: the poller's own descriptor, and all descriptors with a direction that is
// asked for.
func (p *poll) collect() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.fds = append(p.fds[:0], unix.PollFd{Fd: int32(p.wakefd), Events: unix.POLLIN})
	p.whose = append(p.whose[:0], nil)
	for fd, r := range p.regs {
		ask := unix.PollFd{Fd: int32(fd)}
		if r.asked&pollux.Readable != 0 {
			ask.Events |= unix.POLLIN | unix.POLLRDHUP | unix.POLLPRI
		}
		if r.asked&pollux.Writable != 0 {
			ask.Events |= unix.POLLOUT
		}
		if ask.Events != 0 {
			p.fds, p.whose = append(p.fds, ask), append(p.whose, r)
		}
	}
}

// tell fills events from the set. It returns their number, and whether Wake was called. An event
// that finds no room stays asked for, and the next call finds it again.
func (p *poll) tell(events []pollux.Event) (told int, woken bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.fds[0].Revents != 0 {
		unix.Read(p.wakefd, make([]byte, 8))
		woken, p.woken = p.woken, false
	}
	for i, pfd := range p.fds[1:] {
		r := p.whose[i+1]
		if pfd.Revents == 0 || told == len(events) || p.regs[int(pfd.Fd)] != r {
			continue
		}
		ready := readyOf(pfd.Revents&unix.POLLIN != 0, pfd.Revents&unix.POLLOUT != 0, pfd.Revents&unix.POLLPRI != 0,
			pfd.Revents&unix.POLLRDHUP != 0, pfd.Revents&(unix.POLLHUP|unix.POLLERR|unix.POLLNVAL) != 0)
		r.asked &^= ready
		events[told] = pollux.Event{Token: r.token, Ready: ready}
		told++
	}
	return told, woken
}

func (p *poll) Wake() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.woken = true
	return notify(p.wakefd)
}

func (p *poll) Close() error { return os.NewSyscallError("close", unix.Close(p.wakefd)) }
