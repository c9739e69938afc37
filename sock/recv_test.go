package sock_test

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"net"
	"os"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/polluxio/pollux/internal/systems"
	"github.com/polluxio/pollux/sock"
	"github.com/polluxio/pollux/sock/socktest"
)

// A receive returns as many bytes as fit. The rest comes later if the socket is a stream.
func TestRecv(t *testing.T) { // items 85, 86, 87, 88, 90
	calls := []struct {
		name string
		recv func(o socktest.Operations, n int) ([]byte, error)
	}{
		{"Recv", func(o socktest.Operations, n int) ([]byte, error) { return o.Recv(n, 0) }},
		{"RecvInto", func(o socktest.Operations, n int) ([]byte, error) {
			p := make([]byte, n)
			n, err := o.RecvInto(p, 0)
			return p[:n], err
		}},
		{"Recvfrom", func(o socktest.Operations, n int) ([]byte, error) {
			p, _, err := o.Recvfrom(n, 0)
			return p, err
		}},
		{"RecvfromInto", func(o socktest.Operations, n int) ([]byte, error) {
			p := make([]byte, n)
			n, _, err := o.RecvfromInto(p, 0)
			return p[:n], err
		}},
	}
	for _, k := range socktest.Kinds {
		t.Run(k.Name, func(t *testing.T) {
			socktest.EachWaiter(t, func(t *testing.T, w *socktest.Waiter) {
				a, b := k.Pair(t)
				for _, call := range calls {
					_, err := b.Sendall([]byte("hello"), 0)
					socktest.Must(t, err)
					if p, err := call.recv(w.On(a), 3); err != nil || string(p) != "hel" {
						t.Errorf("%s of 3 bytes: %q, %v", call.name, p, err)
					}
					if !k.Stream() { // the rest is lost; Windows gives WSAEMSGSIZE
						_, err := b.Sendall([]byte("lo"), 0)
						socktest.Must(t, err)
					}
					if p, err := call.recv(w.On(a), 100); err != nil || string(p) != "lo" {
						t.Errorf("%s of 100 bytes: %q, %v", call.name, p, err)
					}
				}
			})
		})
	}
}

func TestEndOfStream(t *testing.T) { // item 85
	for _, k := range socktest.Streams {
		t.Run(k.Name, func(t *testing.T) {
			socktest.EachWaiter(t, func(t *testing.T, w *socktest.Waiter) {
				a, b := k.Pair(t)
				_, err := b.Sendall(hello, 0)
				socktest.Must(t, err)
				socktest.Must(t, b.Shutdown(sock.SHUT_WR))
				if p, err := w.On(a).Recv(100, 0); err != nil || string(p) != "hello" {
					t.Fatalf("before the end: %q, %v", p, err)
				}
				for range 2 {
					if p, err := w.On(a).Recv(100, 0); err != nil || p == nil || len(p) != 0 {
						t.Errorf("at the end: %q, %v", p, err)
					}
					if n, from, err := w.On(a).RecvfromInto(make([]byte, 10), 0); n != 0 || !from.IsZero() || err != nil {
						t.Errorf("at the end: %d from %v, %v", n, from, err)
					}
				}
				// The other direction is still open.
				_, err = w.On(a).Sendall(hello, 0)
				socktest.Must(t, err)
				if p, err := b.Recv(100, 0); err != nil || string(p) != "hello" {
					t.Errorf("the other way: %q, %v", p, err)
				}
			})
		})
	}
}

// A waiting receive gets the end of the stream too, also after a short read, which has shown that
// the queue is empty.
func TestEndOfStreamWhileWaiting(t *testing.T) { // item 85
	for _, k := range socktest.Streams {
		t.Run(k.Name, func(t *testing.T) {
			socktest.EachWaiter(t, func(t *testing.T, w *socktest.Waiter) {
				a, b := k.Pair(t)
				call := socktest.Start(func() error { return wantBytes("hello")(w.On(a).Recv(100, 0)) })
				socktest.AwaitWaiting(t, a)
				_, err := b.Sendall(hello, 0)
				socktest.Must(t, err)
				socktest.Must(t, call.Wait(t))
				call = socktest.Start(func() error { return wantBytes("")(w.On(a).Recv(100, 0)) })
				socktest.Must(t, b.Close())
				socktest.Must(t, call.Wait(t))
			})
		})
	}
}

// wantBytes returns nil if the bytes are the expected ones.
func wantBytes(want string) func([]byte, error) error {
	return func(p []byte, err error) error {
		if err == nil && string(p) != want {
			err = fmt.Errorf("received %q, want %q", p, want)
		}
		return err
	}
}

func TestRecvBadSize(t *testing.T) { // items 85, 86
	socktest.EachWaiter(t, func(t *testing.T, w *socktest.Waiter) {
		a, _ := socktest.UDP.Pair(t)
		for _, n := range []int{-1, math.MinInt} {
			var arg *sock.ArgError
			if p, err := w.On(a).Recv(n, 0); p != nil || !errors.As(err, &arg) || arg.Rule != "negative buffersize in recv" {
				t.Errorf("Recv(%d) = %v, %v", n, p, err)
			}
			if p, _, err := w.On(a).Recvfrom(n, 0); p != nil || !errors.As(err, &arg) || arg.Rule != "negative buffersize in recvfrom" {
				t.Errorf("Recvfrom(%d) = %v, %v", n, p, err)
			}
		}
	})
}

// A receive of more bytes than a system moves at once returns the available bytes. In Python: the
// same, except MemoryError for the greatest int.
func TestRecvTooMuch(t *testing.T) { // items 85, 86
	if strconv.IntSize == 32 {
		t.Skip("an int of this processor cannot be too much: run this on one of 64 bits")
	}
	socktest.Check(t)
	a, b := socktest.UDP.Pair(t)
	for name, call := range map[string]func(n int) ([]byte, error){
		"Recv":     func(n int) ([]byte, error) { return a.Recv(n, 0) },
		"Recvfrom": func(n int) ([]byte, error) { p, _, err := a.Recvfrom(n, 0); return p, err },
		"Async":    func(n int) ([]byte, error) { return a.Async().Recv(n, 0).Wait(t.Context()) },
	} {
		for _, n := range []int{math.MaxInt32 - 4094, math.MaxInt} {
			_, err := b.Send(hello, 0)
			socktest.Must(t, err)
			if p, err := call(n); !bytes.Equal(p, hello) || err != nil {
				t.Errorf("%s(%d) = %q, %v; want %q", name, n, p, err, hello)
			}
		}
	}
}

func TestRecvNothing(t *testing.T) { // item 49
	socktest.EachWaiter(t, func(t *testing.T, w *socktest.Waiter) {
		closed := socktest.TCP.New(t)
		closed.Close()
		waiting, _ := socktest.UDP.Pair(t)
		for name, s := range map[string]*sock.Socket{"unconnected": socktest.TCP.New(t), "closed": closed, "empty": waiting} {
			if p, err := w.On(s).Recv(0, 0); p == nil || len(p) != 0 || err != nil {
				t.Errorf("%s: Recv(0) = %v, %v", name, p, err)
			}
			if n, err := w.On(s).RecvInto(nil, 0); n != 0 || err != nil {
				t.Errorf("%s: RecvInto(nil) = %d, %v", name, n, err)
			}
		}
	})
}

// Recvfrom with an empty buffer makes the call, and waits.
func TestRecvfromNothing(t *testing.T) { // item 49
	socktest.EachWaiter(t, func(t *testing.T, w *socktest.Waiter) {
		if _, _, err := w.On(socktest.TCP.New(t)).Recvfrom(0, 0); !errors.Is(err, syscall.ENOTCONN) {
			t.Errorf("unconnected: %v", err)
		}
		a, b := socktest.UDP.Pair(t)
		socktest.Must(t, a.SetTimeout(2*time.Millisecond))
		if _, _, err := w.On(a).Recvfrom(0, 0); !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("nothing there: %v, want a timeout", err)
		}
		socktest.Must(t, a.SetTimeout(socktest.Patience))
		for _, text := range []string{"one", "two", "three"} {
			_, err := b.Send([]byte(text), 0)
			socktest.Must(t, err)
		}
		if p, from, err := w.On(a).Recvfrom(0, 0); len(p) != 0 || from != socktest.Name(t, b) || err != nil {
			t.Errorf("Recvfrom(0) = %q, %v, %v", p, from, err)
		}
		if n, from, err := w.On(a).RecvfromInto(nil, 0); n != 0 || from != socktest.Name(t, b) || err != nil {
			t.Errorf("RecvfromInto(nil) = %d, %v, %v", n, from, err)
		}
		if p, err := w.On(a).Recv(10, 0); string(p) != "three" || err != nil {
			t.Errorf("each takes a datagram: now %q, %v", p, err)
		}
		a.Close()
		if _, _, err := w.On(a).Recvfrom(0, 0); !errors.Is(err, net.ErrClosed) {
			t.Errorf("closed: %v", err)
		}
	})
}

// An empty datagram is received as a datagram, not as the end.
func TestEmptyDatagram(t *testing.T) { // items 85, 92
	for _, k := range socktest.Datagrams {
		t.Run(k.Name, func(t *testing.T) {
			socktest.EachWaiter(t, func(t *testing.T, w *socktest.Waiter) {
				a, b := k.Pair(t)
				sends := []func() (int, error){
					func() (int, error) { return w.On(b).Send(nil, 0) },
					func() (int, error) { return w.On(b).Sendall(nil, 0) },
				}
				for _, send := range sends {
					if n, err := send(); n != 0 || err != nil {
						t.Fatalf("sent %d, %v", n, err)
					}
					if p, err := w.On(a).Recv(10, 0); len(p) != 0 || err != nil {
						t.Errorf("received %q, %v", p, err)
					}
				}
				echo(t, a, b)
			})
		})
	}
}

func TestRecvfromTellsTheSender(t *testing.T) { // items 86, 106, 188, 191
	for _, k := range socktest.Datagrams {
		t.Run(k.Name, func(t *testing.T) {
			socktest.EachWaiter(t, func(t *testing.T, w *socktest.Waiter) {
				to, addr := k.Bound(t)
				for range 2 {
					from, want := k.Bound(t)
					n, err := w.On(from).Sendto(hello, 0, addr)
					if n != len(hello) || err != nil {
						t.Fatalf("Sendto = %d, %v", n, err)
					}
					if p, got, err := w.On(to).Recvfrom(10, 0); string(p) != "hello" || got != want || err != nil {
						t.Errorf("Recvfrom = %q, %v, %v; want the sender %v", p, got, err, want)
					}
				}
			})
		})
	}
}

// In Python the sender is None.
func TestRecvfromWithoutASender(t *testing.T) { // items 86, 106
	socktest.EachWaiter(t, func(t *testing.T, w *socktest.Waiter) {
		check := func(name string, from, to *sock.Socket) {
			t.Helper()
			_, err := from.Send(hello, 0)
			socktest.Must(t, err)
			if p, sender, err := w.On(to).Recvfrom(10, 0); string(p) != "hello" || !sender.IsZero() || err != nil {
				t.Errorf("%s: %q from %v, %v; want no sender", name, p, sender, err)
			}
		}
		a, b := socktest.TCP.Pair(t)
		check("tcp", a, b)
		a, b, err := sock.Pair(-1, -1, -1)
		socktest.Must(t, err)
		check("unix pair", socktest.Closing(t, a), socktest.Closing(t, b))
		bound, addr := socktest.UnixDatagram.Bound(t)
		s := socktest.UnixDatagram.New(t)
		socktest.Must(t, s.Connect(addr))
		check("unix datagram that is not bound", s, bound)
	})
}

func TestRecvUnconnected(t *testing.T) { // item 85
	socktest.EachWaiter(t, func(t *testing.T, w *socktest.Waiter) {
		if _, err := w.On(socktest.TCP.New(t)).Recv(1, 0); !errors.Is(err, syscall.ENOTCONN) {
			t.Errorf("tcp: %v", err)
		}
		if _, err := w.On(socktest.UnixStream.New(t)).Recv(1, 0); !systems.ErrnosHere(systems.ReceiveUnixAlone).Has(err) {
			t.Errorf("unix: %v", err)
		}
	})
}

// The receive that came first is served first.
func TestRecvInOrder(t *testing.T) {
	socktest.Check(t)
	a, b := socktest.UDP.Pair(t)
	var futures [5]func() ([]byte, error)
	for i := range futures {
		f := a.Async().Recv(10, 0)
		futures[i] = func() ([]byte, error) { return f.Wait(t.Context()) }
	}
	for i := range futures {
		_, err := b.Send([]byte{byte(i)}, 0)
		socktest.Must(t, err)
	}
	for i, wait := range futures {
		if p, err := wait(); err != nil || !bytes.Equal(p, []byte{byte(i)}) {
			t.Errorf("the one that came as %d received %v, %v", i, p, err)
		}
	}
}

// The next call returns a datagram's network error, once. The error does not end the socket.
func TestDatagramRefused(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("there SIO_UDP_CONNRESET is off, see TestUDPConnectionReset: no receive tells of it")
	}
	socktest.EachWaiter(t, func(t *testing.T, w *socktest.Waiter) {
		b, addr := socktest.UDP.Bound(t)
		socktest.Must(t, b.Connect(addr)) // so that it refuses what others send, and no other gets its address
		a := socktest.UDP.New(t)
		socktest.Must(t, a.Connect(addr))
		call := socktest.Start(func() error { _, err := w.On(a).Recv(10, 0); return err })
		socktest.AwaitWaiting(t, a)
		_, err := a.Send(hello, 0)
		socktest.Must(t, err)
		if err := call.Wait(t); !errors.Is(err, syscall.ECONNREFUSED) || !strings.Contains(err.Error(), "recv") {
			t.Errorf("%v, want ECONNREFUSED", err)
		}
		socktest.Must(t, b.Connect(socktest.Name(t, a)))
		_, err = a.Send(hello, 0)
		socktest.Must(t, err)
		socktest.Must(t, wantBytes("hello")(w.On(b).Recv(10, 0)))
	})
}

// Close of an end with unread data resets the other end: no call there waits forever.
func TestReset(t *testing.T) {
	socktest.SkipOnWine(t, "a receive after a poll that reported a reset finds the end, and not the error")
	socktest.EachWaiter(t, func(t *testing.T, w *socktest.Waiter) {
		a, b := socktest.TCP.Pair(t)
		call := socktest.Start(func() error { _, err := w.On(a).Recv(10, 0); return err })
		socktest.AwaitWaiting(t, a)
		socktest.Must(t, b.SetLinger(sock.Linger{On: true})) // with a time of 0
		socktest.Must(t, b.Close())
		if err := call.Wait(t); !errors.Is(err, syscall.ECONNRESET) {
			t.Errorf("%v, want ECONNRESET", err)
		}
	})
}
