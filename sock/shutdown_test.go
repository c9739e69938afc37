package sock_test

import (
	"errors"
	"net"
	"syscall"
	"testing"

	"github.com/polluxio/pollux/internal/systems"
	"github.com/polluxio/pollux/sock"
	"github.com/polluxio/pollux/sock/socktest"
)

func TestShutdown(t *testing.T) { // item 70
	for _, k := range socktest.Streams {
		t.Run(k.Name, func(t *testing.T) {
			socktest.EachWaiter(t, func(t *testing.T, w *socktest.Waiter) {
				if err := k.New(t).Shutdown(sock.SHUT_RD); !systems.ErrnosHere(systems.ShutdownNotConnected).Has(err) && k.Family != sock.AF_UNIX {
					t.Errorf("unconnected: %v", err)
				}
				a, b := k.Pair(t)
				if err := a.Shutdown(9); !errors.Is(err, syscall.EINVAL) {
					t.Errorf("how 9: %v", err)
				}
				if err := a.Shutdown(-1); !errors.Is(err, syscall.EINVAL) {
					t.Errorf("how -1: %v", err)
				}
				// A waiting receive gets the end of the stream.
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

// A waiting send ends with an error when the socket is shut down.
func TestShutdownWhileSending(t *testing.T) { // item 70
	socktest.EachWaiter(t, func(t *testing.T, w *socktest.Waiter) {
		a, _ := socktest.LocalStream.Pair(t)
		fill(t, a)
		call := socktest.Start(func() error { _, err := w.On(a).Send(hello, 0); return err })
		socktest.AwaitWaiting(t, a)
		socktest.Must(t, a.Shutdown(sock.SHUT_RDWR))
		if err := call.Wait(t); !errors.Is(err, syscall.EPIPE) {
			t.Errorf("%v, want EPIPE", err)
		}
	})
}

// So does a waiting accept.
func TestShutdownWhileAccepting(t *testing.T) { // item 70
	socktest.EachWaiter(t, func(t *testing.T, w *socktest.Waiter) {
		ln, _ := socktest.TCP.Listener(t)
		call := socktest.Start(func() error { _, _, err := w.On(ln).Accept(); return err })
		socktest.AwaitWaiting(t, ln)
		switch err := ln.Shutdown(sock.SHUT_RD); {
		case err != nil && systems.ErrnosHere(systems.ListenerShutdown).Has(err): // the listener listens on
			socktest.Must(t, ln.Close())
			if err := call.Wait(t); !errors.Is(err, net.ErrClosed) {
				t.Errorf("%v, want net.ErrClosed", err)
			}
			return
		case err != nil:
			t.Fatal(err)
		}
		if err := call.Wait(t); !systems.ErrnosHere(systems.AcceptAfterShutdown).Has(err) {
			t.Errorf("%v, want %v", err, systems.ErrnosHere(systems.AcceptAfterShutdown))
		}
	})
}
