package sock_test

import (
	"errors"
	"fmt"
	"math"
	"runtime"
	"strconv"
	"syscall"
	"testing"
	"time"

	"github.com/polluxio/pollux/internal/systems"
	"github.com/polluxio/pollux/loop"
	"github.com/polluxio/pollux/sock"
	"github.com/polluxio/pollux/sock/socktest"
)

// MSG_PEEK leaves the bytes in the queue.
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

// MSG_PEEK with MSG_WAITALL waits until the queue has enough, or the stream has ended. On a Unix
// socket the system does not wait for all bytes.
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
				if !socktest.Wine() { // it reports no end of a stream while there is a byte to receive
					call = socktest.Start(func() error { return wantBytes("ello")(peek(w.On(a))) })
					socktest.AwaitWaiting(t, a)
					socktest.Must(t, b.Shutdown(sock.SHUT_WR))
					socktest.Must(t, call.Wait(t))
				}
				socktest.Must(t, wantBytes("ello")(w.On(a).Recv(100, 0)))

				if runtime.GOOS == "windows" {
					return // the rest is about AF_UNIX, which does not wait for all
				}
				c, d := socktest.UnixStream.Pair(t)
				_, err := d.Sendall(hello, 0)
				socktest.Must(t, err)
				socktest.Must(t, wantBytes("hello")(peek(w.On(c))))
			})
		})
	}
}

// A waiting MSG_PEEK blocks no other receive, and it sees the bytes that no other receive takes.
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

// Flags beyond a C int are an error, whatever other flags are set, and nothing is received or sent.
func TestFlagsBeyondCInt(t *testing.T) {
	if strconv.IntSize == 32 {
		t.Skip("no int is beyond a C int here: run this on a machine of 64 bits")
	}
	socktest.EachWaiter(t, func(t *testing.T, w *socktest.Waiter) {
		a, b := socktest.LocalStream.Pair(t)
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

// The bytes that MSG_WAITALL has received before a timeout or the end of the stream come with their
// sender, if the system tells it; TCP has none.
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
				if k.Family == sock.AF_UNIX && systems.Here(systems.StreamSender).Says == systems.Yes {
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

// A receive stops at urgent data, although more bytes follow.
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
		if runtime.GOOS == "windows" {
			// On this system the receive waits for urgent data.
		} else if _, err := w.On(a).Recv(1, sock.MSG_OOB); !errors.Is(err, syscall.EINVAL) {
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
