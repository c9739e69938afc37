package sock_test

import (
	"errors"
	"net"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/polluxio/pollux/loop"
	"github.com/polluxio/pollux/sock"
	"github.com/polluxio/pollux/sock/socktest"
)

// The garbage collector closes the descriptor of a socket that the program has dropped. Python
// gives a ResourceWarning; pollux writes to the log.
func TestDroppedSocketIsClosed(t *testing.T) { // item 28
	for _, test := range []struct {
		name string
		drop func(t *testing.T)
	}{
		{"never waited for", func(t *testing.T) {
			_, err := sock.New(-1, -1, -1)
			socktest.Must(t, err)
		}},
		{"on a loop", func(t *testing.T) {
			s, err := sock.New(-1, -1, -1)
			socktest.Must(t, err)
			socktest.Must(t, s.Join(nil))
		}},
		{"by its view", func(t *testing.T) {
			s, err := sock.New(sock.AF_INET, sock.SOCK_DGRAM, 0)
			socktest.Must(t, err)
			s = s.With(t.Context())
			socktest.Must(t, s.SetTimeout(time.Millisecond))
			s.Recv(1, 0)
		}},
		{"accepted by a view", func(t *testing.T) {
			ln, addr := socktest.TCP.Listener(t)
			socktest.Must(t, socktest.TCP.New(t).Connect(addr))
			s, _, err := ln.With(t.Context()).Accept()
			socktest.Must(t, err)
			socktest.Must(t, s.SetTimeout(time.Millisecond))
			s.Recv(1, 0)
		}},
		{"unwatched", func(t *testing.T) {
			s, err := sock.New(sock.AF_INET, sock.SOCK_DGRAM, 0)
			socktest.Must(t, err)
			for range 2 {
				socktest.Must(t, s.Watch(nil, noHandler{}))
				s.Unwatch()
			}
		}},
		{"accepted by a future", func(t *testing.T) {
			ln, addr := socktest.TCP.Listener(t)
			f := ln.Async().Accept()
			socktest.Must(t, socktest.TCP.New(t).Connect(addr))
			_, err := f.Wait(t.Context())
			socktest.Must(t, err)
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			socktest.Check(t)
			log := captureStderr(t)
			test.drop(t)
			socktest.Await(t, "the garbage collector's notice", func() bool {
				runtime.GC()
				return strings.Contains(log(), "unclosed descriptor")
			})
		})
	}
}

// A socket with a pending operation is kept, even if the program has no other reference to it.
func TestWaitingSocketIsKept(t *testing.T) { // item 28
	for _, wait := range []struct {
		name  string
		start func(*sock.Socket) *socktest.Call
	}{
		{"goroutine", func(s *sock.Socket) *socktest.Call {
			return socktest.Start(func() error { _, err := s.Recv(1, 0); return err })
		}},
		{"future", func(s *sock.Socket) *socktest.Call {
			f := s.Async().Recv(1, 0)
			return socktest.Start(func() error { _, err := f.Wait(t.Context()); return err })
		}},
	} {
		t.Run(wait.name, func(t *testing.T) {
			socktest.Check(t)
			said := captureStderr(t)
			a, b, err := sock.Pair(-1, -1, -1)
			socktest.Must(t, err)
			defer b.Close()
			call := wait.start(a)
			socktest.AwaitWaiting(t, a)
			a = nil
			for range 3 {
				runtime.GC()
			}
			_, err = b.Sendall(hello, 0)
			socktest.Must(t, err)
			socktest.Must(t, call.Wait(t))
			socktest.Await(t, "its end", func() bool {
				runtime.GC()
				return strings.Contains(said(), "unclosed descriptor")
			})
			if _, err := b.Send(hello, 0); !errors.Is(err, syscall.EPIPE) {
				t.Errorf("its peer: %v, want EPIPE", err)
			}
		})
	}
}

// The end of a loop ends the pending operations and closes the socket. The log says that the socket
// was left open.
func TestEndOfTheLoop(t *testing.T) {
	socktest.Check(t)
	said := captureStderr(t)
	r, err := loop.NewReactor(&loop.Config{Loops: 1})
	socktest.Must(t, err)
	a, _ := socktest.TCP.Pair(t)
	socktest.Must(t, a.Join(r.Next()))
	f := a.Async().Recv(10, 0)
	socktest.Must(t, r.Close())
	if _, err := f.Wait(t.Context()); !errors.Is(err, net.ErrClosed) {
		t.Errorf("%v, want net.ErrClosed", err)
	}
	if a.Fileno() != -1 || !strings.Contains(said(), "still open at the end of its loop") {
		t.Errorf("descriptor %d; the log says %q", a.Fileno(), said())
	}
	if err := socktest.TCP.New(t).Join(r.Next()); !errors.Is(err, net.ErrClosed) {
		t.Errorf("join of a closed loop: %v", err)
	}
}
