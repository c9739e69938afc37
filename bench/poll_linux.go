package main

import (
	"os"
	"time"

	"golang.org/x/sys/unix"
)

// The load generator shall cost the same beside each server, and little. So it is one goroutine on
// bare epoll, locked to its thread, and all calls of its hot path are raw: Go's scheduler does not
// see them, and nothing runs in between. epoll_wait keeps its processor while it sleeps, which is
// no loss because no other goroutine has work during a slice.

// epoch is the zero of the generator's clock: time.Since of it reads the monotonic clock only.
var epoch = time.Now()

func now() time.Duration { return time.Since(epoch) }

const (
	// patience is how long a server may stay silent with messages in flight before they count as
	// lost. Under CPU load package net takes 10 ms for an answer; nothing sound takes seconds.
	patience = 5 * time.Second

	// napMax bounds a single wait, so that a stop of Go's world never waits long for it.
	napMax = 20 * time.Millisecond
)

// A poller is an epoll instance with room for its events.
type poller struct {
	fd     int
	events [256]unix.EpollEvent
}

func (p *poller) open() error {
	fd, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	if err != nil {
		return os.NewSyscallError("epoll_create1", err)
	}
	p.fd = fd
	return nil
}

// add registers fd, edge-triggered for both directions; its events carry id.
func (p *poller) add(fd, id int) error {
	ev := unix.EpollEvent{Events: unix.EPOLLIN | unix.EPOLLOUT | unix.EPOLLRDHUP | unix.EPOLLET, Fd: int32(id)}
	return os.NewSyscallError("epoll_ctl", unix.EpollCtl(p.fd, unix.EPOLL_CTL_ADD, fd, &ev))
}

// wait returns the events that are there within d, rounded up to a millisecond.
func (p *poller) wait(d time.Duration) ([]unix.EpollEvent, error) {
	d = min(d, napMax)
	ms := (d + time.Millisecond - 1) / time.Millisecond
	n, errno := rawEpollWait(p.fd, p.events[:], int(ms))
	if errno == unix.EINTR { // the scheduler's own signal, most of all
		return nil, nil
	}
	if errno != 0 {
		return nil, os.NewSyscallError("epoll_pwait", errno)
	}
	return p.events[:n], nil
}

// pastRead are the events after which a read may have more to say than a short count.
const pastRead = unix.EPOLLRDHUP | unix.EPOLLHUP | unix.EPOLLERR
