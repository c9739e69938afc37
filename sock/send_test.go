package sock_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"syscall"
	"testing"
	"time"

	"github.com/polluxio/pollux/families"
	"github.com/polluxio/pollux/internal/bare"
	"github.com/polluxio/pollux/internal/systems"
	"github.com/polluxio/pollux/sock"
	"github.com/polluxio/pollux/sock/socktest"
)

// pattern returns n bytes. Any two parts of the same length differ soon.
func pattern(n int) []byte {
	p := make([]byte, n)
	for i := range p {
		p[i] = byte(i ^ i>>8 ^ i>>16)
	}
	return p
}

// collect receives up to the end of the stream, step bytes at a time, and returns everything.
func collect(s *sock.Socket, step int) (all []byte, err error) {
	for p := make([]byte, step); ; {
		n, err := s.RecvInto(p, 0)
		if n == 0 || err != nil {
			return all, err
		}
		all = append(all, p[:n]...)
	}
}

func TestSendall(t *testing.T) { // item 92
	sent := pattern(1 << 20)
	for _, k := range socktest.Streams {
		for _, mode := range []time.Duration{sock.Forever, socktest.Patience} {
			t.Run(k.Name+" "+modeName(mode), func(t *testing.T) {
				socktest.EachWaiter(t, func(t *testing.T, w *socktest.Waiter) {
					a, b := k.Pair(t)
					socktest.Must(t, a.SetTimeout(mode))
					call := socktest.Start(func() error {
						got, err := collect(b, 64<<10)
						if err == nil && !bytes.Equal(got, sent) {
							err = fmt.Errorf("%d bytes came, and they are not the %d that were sent", len(got), len(sent))
						}
						return err
					})
					if n, err := w.On(a).Sendall(sent, 0); n != len(sent) || err != nil {
						t.Fatalf("Sendall = %d, %v", n, err)
					}
					a.Close()
					socktest.Must(t, call.Wait(t))
				})
			})
		}
	}
}

// 16 MiB are sent, and the socket is closed: every byte arrives.
func TestSendallThenClose(t *testing.T) {
	sent := pattern(16 << 20)
	socktest.EachWaiter(t, func(t *testing.T, w *socktest.Waiter) {
		a, b := socktest.TCP.Pair(t)
		call := socktest.Start(func() error {
			for got, p := 0, make([]byte, 256<<10); ; {
				n, err := b.RecvInto(p, 0)
				switch {
				case err != nil:
					return err
				case n == 0 && got < len(sent):
					return fmt.Errorf("%d bytes came of %d", got, len(sent))
				case n == 0:
					return nil
				case n > len(sent)-got || !bytes.Equal(p[:n], sent[got:got+n]):
					return fmt.Errorf("what came after %d bytes was not sent", got)
				}
				got += n
			}
		})
		if n, err := w.On(a).Sendall(sent, 0); n != len(sent) || err != nil {
			t.Fatalf("Sendall = %d, %v", n, err)
		}
		socktest.Must(t, a.Close())
		socktest.Must(t, call.Wait(t))
	})
}

// The timeout is for the whole call, however often a part is sent.
func TestSendallTimeoutIsForTheWhole(t *testing.T) { // items 40, 47
	const timeout = 30 * time.Millisecond
	socktest.EachWaiter(t, func(t *testing.T, w *socktest.Waiter) {
		a, b := socktest.LocalStream.Pair(t)
		socktest.Must(t, a.SetTimeout(timeout))
		socktest.Must(t, a.Setsockopt(sock.SOL_SOCKET, sock.SO_SNDBUF, 4096))
		socktest.Must(t, b.SetTimeout(0))
		// The receiver takes a little each millisecond: each wait of the sender is shorter than the
		// timeout.
		tick := time.NewTicker(time.Millisecond)
		defer tick.Stop()
		received := 0
		began := time.Now()
		var n int
		call := socktest.Start(func() (err error) {
			n, err = w.On(a).Sendall(make([]byte, 4<<20), 0)
			return err
		})
		for !call.Done() && time.Since(began) < socktest.Patience {
			<-tick.C
			p, _ := b.Recv(1024, 0)
			received += len(p)
		}
		err := call.Wait(t)
		if took := time.Since(began); !errors.Is(err, os.ErrDeadlineExceeded) || took < timeout || n == 4<<20 {
			t.Errorf("%v after %v", err, took)
		}
		rest, _ := collect(b, 64<<10)
		if received += len(rest); n != received {
			t.Errorf("it says that %d bytes went, and %d came", n, received)
		}
	})
}

// Sendall returns how much was sent, whatever ended it. In Python this is unknown.
func TestSendallTellsHowMuchWent(t *testing.T) { // items 47, 48
	sent := pattern(1 << 20)
	for _, test := range []struct {
		name    string
		timeout time.Duration
		end     func(w *socktest.Waiter, a *sock.Socket)
		want    error
	}{
		{"non-blocking", 0, nil, sock.ErrWouldBlock},
		{"timeout", 5 * time.Millisecond, nil, os.ErrDeadlineExceeded},
		{"cancel", sock.Forever, func(w *socktest.Waiter, _ *sock.Socket) { w.Cancel() }, context.Canceled},
		{"close", sock.Forever, func(_ *socktest.Waiter, a *sock.Socket) { a.Close() }, net.ErrClosed},
	} {
		t.Run(test.name, func(t *testing.T) {
			socktest.EachWaiter(t, func(t *testing.T, w *socktest.Waiter) {
				if test.name == "cancel" && !w.CanCancel {
					return
				}
				for _, k := range []socktest.Kind{socktest.TCP, socktest.UnixStream} {
					a, b := k.Pair(t)
					socktest.Must(t, a.SetTimeout(test.timeout))
					socktest.Must(t, a.Setsockopt(sock.SOL_SOCKET, sock.SO_SNDBUF, 4096))
					var n int
					call := socktest.Start(func() (err error) {
						n, err = w.On(a).Sendall(sent, 0)
						return err
					})
					if test.end != nil {
						socktest.AwaitWaiting(t, a)
						test.end(w, a)
					}
					if err := call.Wait(t); !errors.Is(err, test.want) {
						t.Fatalf("%s: %v, want %v", k.Name, err, test.want)
					}
					a.Close()
					got, err := collect(b, 64<<10)
					socktest.Must(t, err)
					if n == 0 || !bytes.Equal(got, sent[:n]) {
						t.Errorf("%s: it says that %d bytes went, and %d came", k.Name, n, len(got))
					}
				}
			})
		})
	}
}

// The call is ended at any point of a running transfer.
func TestSendallEndedInFullFlow(t *testing.T) { // item 47
	sent := pattern(32 << 20)
	for _, test := range []struct {
		name string
		end  func(w *socktest.Waiter, a *sock.Socket)
		want error
	}{
		{"cancel", func(w *socktest.Waiter, _ *sock.Socket) { w.Cancel() }, context.Canceled},
		{"close", func(_ *socktest.Waiter, a *sock.Socket) { a.Close() }, net.ErrClosed},
	} {
		t.Run(test.name, func(t *testing.T) {
			socktest.EachCanceler(t, func(t *testing.T, w *socktest.Waiter) {
				a, b := socktest.LocalStream.Pair(t)
				var n int
				sending := socktest.Start(func() (err error) {
					n, err = w.On(a).Sendall(sent, 0)
					return err
				})
				p := make([]byte, 10000)
				received := 0
				for received < 1<<20 {
					m, err := b.RecvInto(p, 0)
					socktest.Must(t, err)
					received += m
				}
				test.end(w, a)
				var rest []byte
				receiving := socktest.Start(func() (err error) {
					rest, err = collect(b, 10000)
					return err
				})
				if err := sending.Wait(t); !errors.Is(err, test.want) {
					t.Errorf("%v, want %v", err, test.want)
				}
				a.Close()
				socktest.Must(t, receiving.Wait(t))
				if received += len(rest); received != n || !bytes.Equal(rest, sent[n-len(rest):n]) {
					t.Errorf("it says that %d bytes went, and %d came", n, received)
				}
			})
		})
	}
}

// An empty Sendall makes one call.
func TestSendallOfNothing(t *testing.T) { // item 92
	socktest.EachWaiter(t, func(t *testing.T, w *socktest.Waiter) {
		want := systems.Errnos{syscall.EPIPE, syscall.ENOTCONN}
		if socktest.Wine() {
			want = systems.Errnos{syscall.ECONNRESET}
		}
		if _, err := w.On(socktest.TCP.New(t)).Sendall(nil, 0); !want.Has(err) {
			t.Errorf("unconnected: %v, want %v", err, want)
		}
		a, _ := socktest.TCP.Pair(t)
		if n, err := w.On(a).Sendall(nil, 0); n != 0 || err != nil {
			t.Errorf("connected: %d, %v", n, err)
		}
	})
}

// The bytes of several senders follow each other and are never mixed.
func TestSendallIsWhole(t *testing.T) { // item 92
	const size = 64 << 10
	for _, k := range []socktest.Kind{socktest.TCP, socktest.UnixStream} {
		t.Run(k.Name, func(t *testing.T) {
			socktest.EachWaiter(t, func(t *testing.T, w *socktest.Waiter) {
				a, b := k.Pair(t)
				socktest.Must(t, a.Setsockopt(sock.SOL_SOCKET, sock.SO_SNDBUF, 4096))
				var calls []*socktest.Call
				for _, letter := range "abcdefgh" {
					calls = append(calls, socktest.Start(func() error {
						_, err := w.On(a).Sendall(bytes.Repeat([]byte(string(letter)), size), 0)
						return err
					}))
				}
				collected := make(chan []byte, 1)
				reading := socktest.Start(func() error {
					all, err := collect(b, 1000)
					collected <- all
					return err
				})
				for _, call := range calls {
					socktest.Must(t, call.Wait(t))
				}
				a.Close()
				socktest.Must(t, reading.Wait(t))
				all := <-collected
				if len(all) != len(calls)*size {
					t.Fatalf("%d bytes came, want %d", len(all), len(calls)*size)
				}
				for i := 0; i < len(all); i += size {
					if part := all[i : i+size]; bytes.Count(part, part[:1]) != size {
						t.Errorf("part %d is of more than one sender", i/size)
					}
				}
			})
		})
	}
}

func TestSendMayBeShort(t *testing.T) { // item 91
	socktest.EachWaiter(t, func(t *testing.T, w *socktest.Waiter) {
		sent := pattern(8 << 20)
		a, b := socktest.TCP.Pair(t)
		n, err := w.On(a).Send(sent, 0)
		if n <= 0 || n >= len(sent) || err != nil {
			t.Fatalf("Send = %d, %v", n, err)
		}
		a.Close()
		got, err := collect(b, 64<<10)
		if err != nil || !bytes.Equal(got, sent[:n]) {
			t.Errorf("it says that %d bytes went, and %d came (%v)", n, len(got), err)
		}
	})
}

// EPIPE comes without a signal, which would end this process.
func TestSendToNobody(t *testing.T) { // item 91
	socktest.EachWaiter(t, func(t *testing.T, w *socktest.Waiter) {
		check := func(name string, s *sock.Socket, want ...error) {
			t.Helper()
			for op, send := range map[string]func() (int, error){
				"Send":    func() (int, error) { return w.On(s).Send(hello, 0) },
				"Sendall": func() (int, error) { return w.On(s).Sendall(hello, 0) },
			} {
				n, err := send()
				ok := n == 0
				for _, want := range want {
					ok = ok || errors.Is(err, want)
				}
				if n != 0 || err == nil || !ok {
					t.Errorf("%s: %s = %d, %v; want %v", name, op, n, err, want)
				}
			}
		}
		check("tcp, unconnected", socktest.TCP.New(t), syscall.EPIPE, syscall.ENOTCONN)
		check("unix, unconnected", socktest.UnixStream.New(t), syscall.ENOTCONN)
		check("udp, unconnected", socktest.UDP.New(t), syscall.EDESTADDRREQ)
		a, b := socktest.UnixStream.Pair(t)
		b.Close()
		check("unix, the peer has closed", a, syscall.EPIPE)
		a, _ = socktest.TCP.Pair(t)
		socktest.Must(t, a.Shutdown(sock.SHUT_WR))
		check("tcp, shut down", a, syscall.EPIPE)
	})
}

func TestSendTooLong(t *testing.T) { // item 91
	socktest.EachWaiter(t, func(t *testing.T, w *socktest.Waiter) {
		a, b := socktest.UDP.Pair(t)
		long := make([]byte, 1<<16)
		if n, err := w.On(a).Send(long, 0); n != 0 || !errors.Is(err, syscall.EMSGSIZE) {
			t.Errorf("Send = %d, %v", n, err)
		}
		if n, err := w.On(a).Sendall(long, 0); n != 0 || !errors.Is(err, syscall.EMSGSIZE) {
			t.Errorf("Sendall = %d, %v", n, err)
		}
		if n, err := w.On(a).Sendto(long, 0, socktest.Name(t, b)); n != 0 || !errors.Is(err, syscall.EMSGSIZE) {
			t.Errorf("Sendto = %d, %v", n, err)
		}
	})
}

// An address beside that of the peer.
func TestSendtoOfAConnectedSocket(t *testing.T) {
	socktest.EachWaiter(t, func(t *testing.T, w *socktest.Waiter) {
		a, b := socktest.UDP.Pair(t)
		other, addr := socktest.UDP.Bound(t)
		for _, to := range []sock.Addr{socktest.Name(t, b), addr} {
			if _, err := w.On(a).Sendto(hello, 0, to); !systems.ErrnosHere(systems.SendToWhenConnected).Has(err) {
				t.Errorf("%v: %v, want %v", to, err, systems.ErrnosHere(systems.SendToWhenConnected))
			}
		}
		if len(systems.ErrnosHere(systems.SendToWhenConnected)) == 0 {
			socktest.Must(t, wantBytes("hello")(other.Recv(10, 0)))
		}
	})
}

func TestSendto(t *testing.T) { // item 93
	for _, k := range socktest.Datagrams {
		t.Run(k.Name, func(t *testing.T) {
			socktest.EachWaiter(t, func(t *testing.T, w *socktest.Waiter) {
				s := k.New(t)
				for range 2 { // one after the other, to different addresses
					to, addr := k.Bound(t)
					for _, p := range [][]byte{hello, nil} {
						if n, err := w.On(s).Sendto(p, 0, addr); n != len(p) || err != nil {
							t.Fatalf("Sendto = %d, %v", n, err)
						}
						socktest.Must(t, wantBytes(string(p))(to.Recv(10, 0)))
					}
				}
			})
		})
	}
}

// The address is checked first, and nothing is sent. In Python None is a TypeError.
func TestSendtoBadAddress(t *testing.T) { // items 94, 185
	socktest.EachWaiter(t, func(t *testing.T, w *socktest.Waiter) {
		a, b := socktest.UDP.Pair(t)
		for _, test := range []struct {
			name string
			to   sock.Addr
			want error
		}{
			{"none", sock.Addr{}, families.ErrFamilyMismatch},
			{"another family", sock.Unix("/x"), families.ErrFamilyMismatch},
			{"port 70000", sock.Inet("127.0.0.1", 70000), families.ErrPort},
			{"port -1", sock.Inet("127.0.0.1", -1), families.ErrPort},
		} {
			n, err := w.On(a).Sendto(hello, 0, test.to)
			var op *net.OpError
			if n != 0 || !errors.Is(err, test.want) || !errors.As(err, &op) {
				t.Errorf("%s: %d, %v; want %v", test.name, n, err, test.want)
			}
		}
		socktest.Must(t, b.SetTimeout(0))
		if p, err := b.Recv(10, 0); !errors.Is(err, sock.ErrWouldBlock) {
			t.Errorf("something went: %q, %v", p, err)
		}
		if _, err := w.On(a).Sendto(hello, 0, sock.Inet("no such host", 9)); !errors.Is(err, &sock.GaiError{Code: sock.EAI_NONAME}) {
			t.Errorf("a host that is not found: %v", err)
		}
		if _, err := w.On(socktest.UnixDatagram.New(t)).Sendto(hello, 0, sock.Unix("/nowhere/at/all")); !errors.Is(err, syscall.ENOENT) {
			t.Errorf("a path that is not there: %v", err)
		}
	})
}

// A host name is resolved, in each way to wait.
func TestSendtoAName(t *testing.T) { // items 93, 186
	bare.Localhost(t)
	socktest.EachWaiter(t, func(t *testing.T, w *socktest.Waiter) {
		to, addr := socktest.UDP.Bound(t)
		if n, err := w.On(socktest.UDP.New(t)).Sendto(hello, 0, sock.Inet("localhost", addr.Port())); n != len(hello) || err != nil {
			t.Fatalf("Sendto = %d, %v", n, err)
		}
		socktest.Must(t, wantBytes("hello")(to.Recv(10, 0)))
	})
}
