package sock_test

import (
	"errors"
	"testing"
	"time"

	"github.com/polluxio/pollux/loop"
	"github.com/polluxio/pollux/sock"
	"github.com/polluxio/pollux/sock/socktest"
	"golang.org/x/sys/unix"
)

// lingerer returns a TCP socket whose close(2) blocks for d, in whole seconds, since its peer takes
// nothing more. It ends earlier if the peer closes.
func lingerer(t *testing.T, d time.Duration) (s, peer *sock.Socket) {
	t.Helper()
	s, peer = socktest.TCP.Pair(t)
	socktest.Must(t, s.SetLinger(sock.Linger{On: true, Time: d}))
	socktest.Must(t, s.SetTimeout(0))
	for p := make([]byte, 1<<20); ; {
		if _, err := s.Send(p, 0); errors.Is(err, sock.ErrWouldBlock) {
			return s, peer
		} else {
			socktest.Must(t, err)
		}
	}
}

// awaitGone waits until close(2) of the descriptor has begun: its number means nothing from then
// on.
func awaitGone(t *testing.T, fd int) {
	t.Helper()
	socktest.Await(t, "the descriptor is closed", func() bool {
		_, err := unix.FcntlInt(uintptr(fd), unix.F_GETFD, 0)
		return err == unix.EBADF
	})
}

// A Close that lingers does not hold up the loop on which it is called, in a callback or in a task.
func TestLingeringCloseHoldsUpNoLoop(t *testing.T) {
	const linger = 3 * time.Second
	closings := map[string]func(l *loop.Loop, s *sock.Socket){
		"callback": func(l *loop.Loop, s *sock.Socket) { l.Post(func() { s.Close() }) },
		"task":     func(l *loop.Loop, s *sock.Socket) { l.Go(func(task *loop.Task) { s.In(task).Close() }) },
	}
	for name, closes := range closings {
		t.Run(name, func(t *testing.T) {
			socktest.Check(t)
			r, err := loop.NewReactor(&loop.Config{Loops: 1})
			socktest.Must(t, err)
			defer r.Close()
			l := r.Loops()[0]
			s, peer := lingerer(t, linger)
			fd := s.Fileno()
			socktest.Must(t, s.Watch(l, newHandler()))
			began := time.Now()
			closes(l, s)
			turned := make(chan struct{})
			l.Post(func() { close(turned) })
			socktest.Must(t, socktest.Start(func() error { <-turned; return nil }).Wait(t))
			if d := time.Since(began); d >= linger {
				t.Errorf("the loop went on after %v", d)
			}
			awaitGone(t, fd)
			peer.Close() // with bytes that it has not received: a reset, which ends the lingering
		})
	}
}

// Reactor.Close closes sockets that linger all at once.
func TestReactorCloseWithLingeringSockets(t *testing.T) {
	socktest.Check(t)
	r, err := loop.NewReactor(&loop.Config{Loops: 1})
	socktest.Must(t, err)
	const sockets, linger = 4, time.Second
	var fds []int
	for range sockets {
		s, _ := lingerer(t, linger)
		fds = append(fds, s.Fileno())
		socktest.Must(t, s.Watch(r.Loops()[0], newHandler()))
	}
	began := time.Now()
	socktest.Must(t, r.Close())
	for _, fd := range fds {
		awaitGone(t, fd)
	}
	if d := time.Since(began); d >= (sockets-1)*linger {
		t.Errorf("it took %v to close %d sockets that linger for %v each", d, sockets, linger)
	}
}
