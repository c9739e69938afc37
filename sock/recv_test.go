package sock_test

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"net"
	"os"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/polluxio/pollux/loop"
	"github.com/polluxio/pollux/sock"
	"github.com/polluxio/pollux/sock/socktest"
)

// What has come is received as far as there is room, and the rest later if it is a stream.
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
				// The other direction is open still.
				_, err = w.On(a).Sendall(hello, 0)
				socktest.Must(t, err)
				if p, err := b.Recv(100, 0); err != nil || string(p) != "hello" {
					t.Errorf("the other way: %q, %v", p, err)
				}
			})
		})
	}
}

// The end comes to one who waits too, and after a short read, which has told that there is nothing more just now.
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

// wantBytes is nil for what was received as it should.
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

// In Python: MemoryError.
func TestRecvTooMuch(t *testing.T) { // items 85, 86
	socktest.Check(t)
	a, _ := socktest.UDP.Pair(t)
	socktest.Must(t, a.SetTimeout(time.Millisecond))
	for name, call := range map[string]func() error{
		"Recv":           func() error { _, err := a.Recv(math.MaxInt, 0); return err },
		"Recvfrom":       func() error { _, _, err := a.Recvfrom(math.MaxInt, 0); return err },
		"Async Recv":     func() error { _, err := a.Async().Recv(math.MaxInt, 0).Wait(t.Context()); return err },
		"Async Recvfrom": func() error { _, err := a.Async().Recvfrom(math.MaxInt, 0).Wait(t.Context()); return err },
	} {
		var arg *sock.ArgError
		if err := noPanic(call); !errors.As(err, &arg) {
			t.Errorf("%s: %v, want an ArgError", name, err)
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

// Recvfrom of nothing makes the call, and waits.
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

// An empty datagram is one that comes, and no end.
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

// In Python: None.
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
		if _, err := w.On(socktest.UnixStream.New(t)).Recv(1, 0); !errors.Is(err, syscall.EINVAL) {
			t.Errorf("unix: %v", err)
		}
	})
}

// Who comes first is served first.
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

// MSG_PEEK takes nothing.
func TestRecvPeek(t *testing.T) { // item 108
	for _, k := range socktest.Kinds {
		t.Run(k.Name, func(t *testing.T) {
			socktest.EachWaiter(t, func(t *testing.T, w *socktest.Waiter) {
				a, b := k.Pair(t)
				call := socktest.Start(func() error { return wantBytes("he")(w.On(a).Recv(2, sock.MSG_PEEK)) })
				socktest.AwaitWaiting(t, a)
				_, err := b.Send(hello, 0)
				socktest.Must(t, err)
				socktest.Must(t, call.Wait(t))
				socktest.Must(t, wantBytes("hello")(w.On(a).Recv(100, sock.MSG_PEEK)))
				socktest.Must(t, wantBytes("hello")(w.On(a).Recv(100, 0)))
				socktest.Must(t, a.SetTimeout(0))
				if _, err := w.On(a).Recv(100, sock.MSG_PEEK); !errors.Is(err, sock.ErrWouldBlock) {
					t.Errorf("nothing there: %v", err)
				}
			})
		})
	}
}

// MSG_PEEK with MSG_WAITALL looks on until all is there, or no more will be. On a Unix socket the system does not wait for all then.
func TestRecvPeekAll(t *testing.T) { // item 108
	const flags = sock.MSG_PEEK | sock.MSG_WAITALL
	for name, peek := range map[string]func(socktest.Operations) ([]byte, error){
		"recv":     func(s socktest.Operations) ([]byte, error) { return s.Recv(10, flags) },
		"recvfrom": func(s socktest.Operations) ([]byte, error) { p, _, err := s.Recvfrom(10, flags); return p, err },
		"recvmsg":  func(s socktest.Operations) ([]byte, error) { p, _, _, _, err := s.Recvmsg(10, 0, flags); return p, err },
	} {
		t.Run(name, func(t *testing.T) {
			socktest.EachWaiter(t, func(t *testing.T, w *socktest.Waiter) {
				a, b := socktest.TCP.Pair(t)
				call := socktest.Start(func() error { return wantBytes("hellohello")(peek(w.On(a))) })
				for range 2 {
					socktest.AwaitWaiting(t, a)
					_, err := b.Sendall(hello, 0)
					socktest.Must(t, err)
					socktest.AwaitReadable(t, a)
				}
				socktest.Must(t, call.Wait(t))
				socktest.Must(t, wantBytes("hellohello")(peek(w.On(a))))
				socktest.Must(t, wantBytes("helloh")(w.On(a).Recv(6, 0)))

				socktest.Must(t, a.SetTimeout(20*time.Millisecond))
				socktest.Must(t, wantBytes("ello")(peek(w.On(a))))
				socktest.Must(t, a.SetTimeout(0))
				socktest.Must(t, wantBytes("ello")(peek(w.On(a))))
				socktest.Must(t, a.SetTimeout(sock.Forever))
				call = socktest.Start(func() error { return wantBytes("ello")(peek(w.On(a))) })
				socktest.AwaitWaiting(t, a)
				socktest.Must(t, b.Shutdown(sock.SHUT_WR))
				socktest.Must(t, call.Wait(t))
				socktest.Must(t, wantBytes("ello")(w.On(a).Recv(100, 0)))

				c, d := socktest.UnixStream.Pair(t)
				_, err := d.Sendall(hello, 0)
				socktest.Must(t, err)
				socktest.Must(t, wantBytes("hello")(peek(w.On(c))))
			})
		})
	}
}

// One that only looks holds up nobody, and what nobody takes it sees.
func TestPeekAmongOthers(t *testing.T) { // item 108
	for _, k := range []socktest.Kind{socktest.TCP, socktest.UDP, socktest.UnixStream} {
		t.Run(k.Name, func(t *testing.T) {
			socktest.Check(t)
			a, b := k.Pair(t)
			before, recv := a.Async().Recv(1, sock.MSG_PEEK), a.Async().Recv(1, 0)
			after := a.Async().Recv(1, sock.MSG_PEEK)
			wait := func(f loop.Future[[]byte]) (got string) {
				t.Helper()
				call := socktest.Start(func() error {
					p, err := f.Wait(t.Context())
					got = string(p)
					return err
				})
				socktest.Must(t, call.Wait(t))
				return got
			}
			_, err := b.Send([]byte("1"), 0)
			socktest.Must(t, err)
			if got := wait(recv); got != "1" {
				t.Errorf("received %q, want the first byte", got)
			}
			_, err = b.Send([]byte("2"), 0)
			socktest.Must(t, err)
			for _, f := range []loop.Future[[]byte]{before, after} {
				if got := wait(f); got != "1" && got != "2" {
					t.Errorf("saw %q", got)
				}
			}
			socktest.Must(t, wantBytes("2")(a.Recv(1, 0)))
		})
	}
}

// MSG_WAITALL makes a blocking receive wait until the buffer is full or the stream ends: recv(2).
func TestWaitAll(t *testing.T) { // item 85
	socktest.EachWaiter(t, func(t *testing.T, w *socktest.Waiter) {
		for _, k := range socktest.Streams {
			a, b := k.Pair(t)
			_, err := b.Sendall(hello, 0)
			socktest.Must(t, err)
			socktest.AwaitReadable(t, a)
			call := socktest.Start(func() error { return wantBytes("hello, world")(w.On(a).Recv(12, sock.MSG_WAITALL)) })
			socktest.Await(t, "an end or a wait", func() bool { return call.Done() || a.Loop() != nil })
			_, err = b.Sendall([]byte(", world"), 0)
			socktest.Must(t, err)
			if err := call.Wait(t); err != nil {
				t.Errorf("%s: %v", k.Name, err)
			}
		}
	})
}

// Flags beyond a C int are refused, whatever else is among them, and nothing is received or sent.
func TestFlagsBeyondCInt(t *testing.T) {
	if strconv.IntSize == 32 {
		t.Skip("no int is beyond a C int here: run this on a machine of 64 bits")
	}
	socktest.EachWaiter(t, func(t *testing.T, w *socktest.Waiter) {
		a, b := socktest.UnixStream.Pair(t)
		_, err := b.Sendall(hello, 0)
		socktest.Must(t, err)
		for _, flags := range []int{0, sock.MSG_PEEK, sock.MSG_WAITALL} {
			flags |= math.MaxInt &^ math.MaxUint32
			var arg *sock.ArgError
			if _, err := w.On(a).RecvInto(make([]byte, 5), flags); !errors.As(err, &arg) {
				t.Errorf("RecvInto with %#x: %v, want an *ArgError", flags, err)
			}
			if _, err := w.On(b).Send(hello, flags); !errors.As(err, &arg) {
				t.Errorf("Send with %#x: %v, want an *ArgError", flags, err)
			}
		}
		socktest.Must(t, a.SetTimeout(0))
		socktest.Must(t, wantBytes("hello")(a.Recv(10, 0)))
	})
}

// What MSG_WAITALL has received until the time is over, or the stream ends, has the sender that it came from: of TCP none.
func TestWaitAllSender(t *testing.T) { // item 86
	type receive func(socktest.Operations) ([]byte, sock.Addr, error)
	calls := map[string]receive{
		"recvfrom": func(s socktest.Operations) ([]byte, sock.Addr, error) { return s.Recvfrom(10, sock.MSG_WAITALL) },
		"recvmsg": func(s socktest.Operations) ([]byte, sock.Addr, error) {
			p, _, _, from, err := s.Recvmsg(10, 0, sock.MSG_WAITALL)
			return p, from, err
		},
	}
	socktest.EachWaiter(t, func(t *testing.T, w *socktest.Waiter) {
		for name, recv := range calls {
			for _, k := range socktest.Streams {
				a, b := k.Pair(t)
				var sender sock.Addr
				if k.Family == sock.AF_UNIX {
					sender = socktest.Name(t, a)
				}
				want := func(text string, sender sock.Addr) {
					t.Helper()
					if p, from, err := recv(w.On(b)); string(p) != text || from != sender || err != nil {
						t.Errorf("%s, %s: %q from %v, %v; want %q from %v", k.Name, name, p, from, err, text, sender)
					}
				}
				_, err := a.Sendall(hello, 0)
				socktest.Must(t, err)
				socktest.Must(t, b.SetTimeout(5*time.Millisecond))
				want("hello", sender)
				_, err = a.Sendall(hello, 0)
				socktest.Must(t, err)
				socktest.Must(t, a.Close())
				socktest.Must(t, b.SetTimeout(socktest.Patience))
				want("hello", sender)
				want("", sock.Addr{})
			}
		}
	})
}

// noPanic makes an error of a panic in fn.
func noPanic(fn func() error) (err error) {
	defer func() {
		if v := recover(); v != nil {
			err = fmt.Errorf("panic: %v", v)
		}
	}()
	return fn()
}

// What the network says of a datagram is told once, by the next call, and does not end the socket.
func TestDatagramRefused(t *testing.T) {
	socktest.EachWaiter(t, func(t *testing.T, w *socktest.Waiter) {
		gone, addr := socktest.UDP.Bound(t)
		socktest.Must(t, gone.Close())
		a := socktest.UDP.New(t)
		socktest.Must(t, a.Connect(addr))
		call := socktest.Start(func() error { _, err := w.On(a).Recv(10, 0); return err })
		socktest.AwaitWaiting(t, a)
		_, err := a.Send(hello, 0)
		socktest.Must(t, err)
		if err := call.Wait(t); !errors.Is(err, syscall.ECONNREFUSED) || !strings.Contains(err.Error(), "recv") {
			t.Errorf("%v, want ECONNREFUSED", err)
		}
		b := socktest.UDP.New(t)
		socktest.Must(t, b.Bind(addr))
		_, err = a.Send(hello, 0)
		socktest.Must(t, err)
		socktest.Must(t, wantBytes("hello")(w.On(b).Recv(10, 0)))
	})
}

// Close of one end with data in it resets the other: nobody waits for ever.
func TestReset(t *testing.T) {
	socktest.EachWaiter(t, func(t *testing.T, w *socktest.Waiter) {
		a, b := socktest.TCP.Pair(t)
		call := socktest.Start(func() error { _, err := w.On(a).Recv(10, 0); return err })
		socktest.AwaitWaiting(t, a)
		// struct linger { int l_onoff; int l_linger; }, <sys/socket.h>: on, no time.
		socktest.Must(t, b.SetsockoptBytes(sock.SOL_SOCKET, sock.SO_LINGER, []byte{1, 0, 0, 0, 0, 0, 0, 0}))
		socktest.Must(t, b.Close())
		if err := call.Wait(t); !errors.Is(err, syscall.ECONNRESET) {
			t.Errorf("%v, want ECONNRESET", err)
		}
	})
}

// A receive stops at urgent data, and that is not all there is.
func TestRecvStopsAtUrgentData(t *testing.T) {
	for _, joined := range []bool{false, true} {
		t.Run(fmt.Sprint("joined ", joined), func(t *testing.T) {
			socktest.EachWaiter(t, func(t *testing.T, w *socktest.Waiter) {
				a, b := socktest.TCP.Pair(t)
				if joined {
					socktest.Must(t, a.Join(nil))
				}
				socktest.Must(t, a.SetTimeout(socktest.Patience))
				for _, part := range []struct {
					text  string
					flags int
				}{{"before", 0}, {"!", sock.MSG_OOB}, {"after", 0}} {
					_, err := b.Send([]byte(part.text), part.flags)
					socktest.Must(t, err)
				}
				socktest.AwaitReadable(t, a)
				for _, want := range []string{"before", "after"} {
					if p, err := w.On(a).Recv(100, 0); err != nil || string(p) != want {
						t.Errorf("received %q, %v; want %q", p, err, want)
					}
				}
			})
		})
	}
}

func TestUrgentData(t *testing.T) {
	socktest.EachWaiter(t, func(t *testing.T, w *socktest.Waiter) {
		a, b := socktest.TCP.Pair(t)
		if _, err := w.On(a).Recv(1, sock.MSG_OOB); !errors.Is(err, syscall.EINVAL) {
			t.Errorf("none there: %v, want EINVAL", err)
		}
		call := socktest.Start(func() error { return wantBytes("hel")(w.On(a).Recv(3, 0)) })
		socktest.AwaitWaiting(t, a)
		_, err := b.Send([]byte("hel"), 0)
		socktest.Must(t, err)
		socktest.Must(t, call.Wait(t))
		_, err = b.Send([]byte("lo!"), sock.MSG_OOB) // the last byte is the urgent one
		socktest.Must(t, err)
		socktest.Must(t, wantBytes("lo")(w.On(a).Recv(10, 0)))
		socktest.Must(t, wantBytes("!")(w.On(a).Recv(1, sock.MSG_OOB)))
	})
}
