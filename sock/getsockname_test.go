package sock_test

import (
	"errors"
	"syscall"
	"testing"

	"github.com/polluxio/pollux/sock"
	"github.com/polluxio/pollux/sock/socktest"
)

func TestNameUnbound(t *testing.T) { // item 68
	socktest.Each(t, socktest.Kinds, func(t *testing.T, k socktest.Kind) {
		want := map[int]sock.Addr{
			sock.AF_INET:  sock.Inet("0.0.0.0", 0),
			sock.AF_INET6: sock.Inet6("::", 0),
			sock.AF_UNIX:  sock.Unix(""),
		}[k.Family]
		s := k.New(t)
		if a, err := s.Getsockname(); a != want || err != nil {
			t.Errorf("Getsockname = %v, %v; want %v", a, err, want)
		}
		if a, err := s.Getpeername(); !errors.Is(err, syscall.ENOTCONN) || !a.IsZero() { // item 69
			t.Errorf("Getpeername = %v, %v; want ENOTCONN", a, err)
		}
	})
}

func TestNamesConnected(t *testing.T) { // items 61, 68, 69
	socktest.Each(t, socktest.Kinds, func(t *testing.T, k socktest.Kind) {
		a, b := k.Pair(t)
		for _, way := range [][2]*sock.Socket{{a, b}, {b, a}} {
			if peer, err := way[0].Getpeername(); peer != socktest.Name(t, way[1]) || err != nil {
				t.Errorf("the peer is %v, %v; want %v", peer, err, socktest.Name(t, way[1]))
			}
		}
	})
}

func TestBind(t *testing.T) { // item 61
	socktest.Each(t, socktest.Kinds, func(t *testing.T, k socktest.Kind) {
		s, addr := k.Bound(t)
		if addr.Port() == 0 && addr.Path() == "" {
			t.Errorf("bound to %v", addr)
		}
		other := k.New(t)
		if err := other.Bind(addr); !errors.Is(err, syscall.EADDRINUSE) {
			t.Errorf("another one to the same: %v", err)
		}
		if err := s.Bind(k.Addr(t)); !errors.Is(err, syscall.EINVAL) {
			t.Errorf("again: %v", err)
		}
	})
}

func TestShutdown(t *testing.T) { // item 70
	for _, k := range socktest.Streams {
		t.Run(k.Name, func(t *testing.T) {
			socktest.EachWaiter(t, func(t *testing.T, w *socktest.Waiter) {
				if err := k.New(t).Shutdown(sock.SHUT_RD); !errors.Is(err, syscall.ENOTCONN) && k.Family != sock.AF_UNIX {
					t.Errorf("unconnected: %v", err)
				}
				a, b := k.Pair(t)
				if err := a.Shutdown(9); !errors.Is(err, syscall.EINVAL) {
					t.Errorf("how 9: %v", err)
				}
				if err := a.Shutdown(-1); !errors.Is(err, syscall.EINVAL) {
					t.Errorf("how -1: %v", err)
				}
				// Who waits to receive sees the end.
				call := socktest.Start(func() error { return wantBytes("")(w.On(a).Recv(10, 0)) })
				socktest.AwaitWaiting(t, a)
				socktest.Must(t, a.Shutdown(sock.SHUT_RD))
				socktest.Must(t, call.Wait(t))
				_, err := w.On(a).Sendall(hello, 0)
				socktest.Must(t, err)
				socktest.Must(t, a.Shutdown(sock.SHUT_WR))
				if _, err := w.On(a).Send(hello, 0); !errors.Is(err, syscall.EPIPE) {
					t.Errorf("sending after it: %v", err)
				}
				socktest.Must(t, wantBytes("hello")(w.On(b).Recv(10, 0)))
				socktest.Must(t, wantBytes("")(w.On(b).Recv(10, 0)))
				socktest.Must(t, b.Shutdown(sock.SHUT_RDWR))
			})
		})
	}
}

// Who waits to send on a socket that is shut down is told.
func TestShutdownWhileSending(t *testing.T) { // item 70
	socktest.EachWaiter(t, func(t *testing.T, w *socktest.Waiter) {
		a, _ := socktest.UnixStream.Pair(t)
		fill(t, a)
		call := socktest.Start(func() error { _, err := w.On(a).Send(hello, 0); return err })
		socktest.AwaitWaiting(t, a)
		socktest.Must(t, a.Shutdown(sock.SHUT_RDWR))
		if err := call.Wait(t); !errors.Is(err, syscall.EPIPE) {
			t.Errorf("%v, want EPIPE", err)
		}
	})
}

// Who waits to accept is told too.
func TestShutdownWhileAccepting(t *testing.T) { // item 70
	socktest.EachWaiter(t, func(t *testing.T, w *socktest.Waiter) {
		ln, _ := socktest.TCP.Listener(t)
		call := socktest.Start(func() error { _, _, err := w.On(ln).Accept(); return err })
		socktest.AwaitWaiting(t, ln)
		socktest.Must(t, ln.Shutdown(sock.SHUT_RD))
		if err := call.Wait(t); !errors.Is(err, syscall.EINVAL) {
			t.Errorf("%v, want EINVAL", err)
		}
	})
}
