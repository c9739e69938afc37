package sock_test

import (
	"context"
	"errors"
	"net"
	"os"
	"runtime"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/polluxio/pollux/families"
	"github.com/polluxio/pollux/internal/bare"
	"github.com/polluxio/pollux/internal/systems"
	"github.com/polluxio/pollux/sock"
	"github.com/polluxio/pollux/sock/socktest"
)

func TestConnect(t *testing.T) { // items 51, 52
	for _, k := range socktest.Kinds {
		for _, mode := range []time.Duration{sock.Forever, socktest.Patience} {
			t.Run(k.Name+" "+modeName(mode), func(t *testing.T) {
				socktest.EachWaiter(t, func(t *testing.T, w *socktest.Waiter) {
					ln, addr := k.Bound(t)
					if k.Connects() {
						socktest.Must(t, ln.Listen(1))
					}
					s := k.New(t)
					socktest.Must(t, s.SetTimeout(mode))
					socktest.Must(t, w.On(s).Connect(addr))
					if peer, err := s.Getpeername(); peer != addr || err != nil {
						t.Errorf("the peer is %v, %v; want %v", peer, err, addr)
					}
					if _, err := w.On(s).Sendall(hello, 0); err != nil {
						t.Errorf("it does not send: %v", err)
					}
					if err := w.On(s).Connect(addr); k.Connects() != errors.Is(err, syscall.EISCONN) { // item 57
						t.Errorf("again: %v", err)
					}
				})
			})
		}
	}
}

// refusing returns an address where no socket listens.
func refusing(t *testing.T) sock.Addr {
	t.Helper()
	return socktest.TCP.Refusing(t)
}

// In Python on Linux a second connect fails with ECONNABORTED if there is a timeout, because Python
// has read SO_ERROR.
func TestConnectRefused(t *testing.T) { // items 51, 52, 57
	// In Wine a second connect after a failure fails with WSAECONNABORTED.
	reconnects := systems.Here(systems.ConnectAfterFailure).Says == systems.BeginsAnew && !socktest.Wine()
	socktest.EachWaiter(t, func(t *testing.T, w *socktest.Waiter) {
		addr := refusing(t)
		for _, mode := range []time.Duration{sock.Forever, socktest.Patience} {
			s := socktest.TCP.New(t)
			socktest.Must(t, s.SetTimeout(mode))
			for i := range 3 {
				if i > 0 && !reconnects {
					s = socktest.TCP.New(t)
					socktest.Must(t, s.SetTimeout(mode))
				}
				if err := w.On(s).Connect(addr); !errors.Is(err, syscall.ECONNREFUSED) {
					t.Errorf("%s, try %d: %v, want ECONNREFUSED", modeName(mode), i, err)
				}
				if !reconnects {
					continue
				}
				if errno, err := s.ConnectEx(addr); errno != sock.HostErrno(syscall.ECONNREFUSED) || err != nil {
					t.Errorf("%s, try %d: ConnectEx = %v, %v, want ECONNREFUSED", modeName(mode), i, errno, err)
				}
			}
			// At last a socket listens there.
			_, addr := socktest.TCP.Listener(t)
			if !reconnects {
				continue
			}
			socktest.Must(t, w.On(s).Connect(addr))
			if _, err := w.On(s).Send(hello, 0); err != nil {
				t.Errorf("connected after it was refused: %v", err)
			}
		}
	})
}

func TestConnectNonBlocking(t *testing.T) { // item 54
	socktest.EachWaiter(t, func(t *testing.T, w *socktest.Waiter) {
		_, addr := socktest.TCP.Listener(t)
		s := socktest.TCP.New(t)
		socktest.Must(t, s.SetTimeout(0))
		if err := w.On(s).Connect(addr); !errors.Is(err, syscall.EINPROGRESS) || errors.Is(err, sock.ErrWouldBlock) {
			t.Fatalf("%v, want EINPROGRESS", err)
		}
		socktest.AwaitWritable(t, s)
		if err := w.On(s).Connect(addr); err != nil {
			t.Errorf("again: %v, want nil", err)
		}
		if err := w.On(s).Connect(addr); !errors.Is(err, syscall.EISCONN) {
			t.Errorf("and again: %v, want EISCONN", err)
		}
	})
}

func TestConnectNonBlockingRefused(t *testing.T) { // item 54
	socktest.EachWaiter(t, func(t *testing.T, w *socktest.Waiter) {
		addr := refusing(t)
		s := socktest.TCP.New(t)
		socktest.Must(t, s.SetTimeout(0))
		if err := w.On(s).Connect(addr); !errors.Is(err, syscall.EINPROGRESS) {
			t.Fatalf("%v, want EINPROGRESS", err)
		}
		socktest.AwaitWritable(t, s)
		if err := w.On(s).Connect(addr); !errors.Is(err, syscall.ECONNREFUSED) {
			t.Errorf("again: %v, want ECONNREFUSED", err)
		}
	})
}

// A later Connect can wait for a connect that was started without waiting.
func TestConnectGoesOnToItsEnd(t *testing.T) { // item 54
	socktest.EachWaiter(t, func(t *testing.T, w *socktest.Waiter) {
		_, addr := socktest.TCP.Listener(t)
		s := socktest.TCP.New(t)
		socktest.Must(t, s.SetTimeout(0))
		if err := s.Connect(addr); !errors.Is(err, syscall.EINPROGRESS) {
			t.Fatalf("%v, want EINPROGRESS", err)
		}
		socktest.Must(t, s.SetTimeout(socktest.Patience))
		socktest.Must(t, w.On(s).Connect(addr))
		socktest.Must(t, s.SetTimeout(0))
		if _, err := w.On(s).Send(hello, 0); err != nil {
			t.Error(err)
		}
	})
}

func TestConnectEx(t *testing.T) { // items 53, 54, 56
	socktest.Check(t)
	_, addr := socktest.TCP.Listener(t)
	s := socktest.TCP.New(t)
	for i, want := range []syscall.Errno{0, syscall.EISCONN} {
		if errno, err := s.ConnectEx(addr); errno != sock.HostErrno(want) || err != nil {
			t.Errorf("call %d: %v, %v; want %v", i, errno, err, want)
		}
	}
	s = socktest.TCP.New(t)
	socktest.Must(t, s.SetTimeout(0))
	if errno, err := s.ConnectEx(addr); errno != sock.HostErrno(syscall.EINPROGRESS) || err != nil {
		t.Errorf("non-blocking: %v, %v; want EINPROGRESS", errno, err)
	}
	socktest.AwaitWritable(t, s)
	if errno, err := s.ConnectEx(addr); errno != 0 || err != nil {
		t.Errorf("non-blocking, again: %v, %v; want 0", errno, err)
	}
	s.Close()
	if errno, err := s.ConnectEx(addr); errno != sock.NoSocket || err != nil {
		t.Errorf("closed: %v, %v; want EBADF", errno, err)
	}
	if errno, err := socktest.UnixStream.New(t).ConnectEx(sock.Unix("/nowhere/at/all")); errno != sock.HostErrno(syscall.ENOENT) || err != nil {
		t.Errorf("a path that is not there: %v, %v; want ENOENT", errno, err)
	}
}

// An error of the address has no errno.
func TestConnectExBadAddress(t *testing.T) { // items 6, 56
	socktest.Check(t)
	s := socktest.TCP.New(t)
	for _, test := range []struct {
		name string
		to   sock.Addr
		want error
	}{
		{"port 70000", sock.Inet("127.0.0.1", 70000), families.ErrPort},
		{"another family", sock.Unix("/x"), families.ErrFamilyMismatch},
		{"none", sock.Addr{}, families.ErrFamilyMismatch},
		{"a host that is not found", sock.Inet("no such host", 80), &sock.GaiError{Code: sock.EAI_NONAME}},
		{"a NUL in the host", sock.Inet("local\x00host", 80), families.ErrHostNUL},
	} {
		if errno, err := s.ConnectEx(test.to); errno != 0 || !errors.Is(err, test.want) {
			t.Errorf("%s: %v, %v; want 0, %v", test.name, errno, err, test.want)
		}
		if err := s.Connect(test.to); !errors.Is(err, test.want) {
			t.Errorf("%s, Connect: %v; want %v", test.name, err, test.want)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if errno, err := s.With(ctx).ConnectEx(refusing(t)); errno != 0 || !errors.Is(err, context.Canceled) {
		t.Errorf("a context that has ended: %v, %v", errno, err)
	}
}

func TestConnectToAName(t *testing.T) { // items 184, 186
	bare.Localhost(t)
	socktest.EachWaiter(t, func(t *testing.T, w *socktest.Waiter) {
		_, addr := socktest.TCP.Listener(t)
		for _, host := range []string{"localhost", "127.1", "", "0.0.0.0"} {
			s := socktest.TCP.New(t)
			if err := w.On(s).Connect(sock.Inet(host, addr.Port())); err != nil {
				t.Errorf("%q: %v", host, err)
			}
			if peer, err := s.Getpeername(); peer != addr || err != nil {
				t.Errorf("%q is %v, %v", host, peer, err)
			}
		}
		if err := w.On(socktest.TCP.New(t)).Connect(sock.Inet("no such host", 80)); !errors.Is(err, &sock.GaiError{Code: sock.EAI_NONAME}) {
			t.Errorf("a host that is not found: %v", err)
		}
	})
}

func TestConnectDatagramAgain(t *testing.T) { // item 59
	for _, k := range socktest.Datagrams {
		t.Run(k.Name, func(t *testing.T) {
			socktest.EachWaiter(t, func(t *testing.T, w *socktest.Waiter) {
				s := k.New(t)
				for range 3 {
					to, addr := k.Bound(t)
					socktest.Must(t, w.On(s).Connect(addr))
					_, err := w.On(s).Send(hello, 0)
					socktest.Must(t, err)
					socktest.Must(t, wantBytes("hello")(to.Recv(10, 0)))
				}
			})
		})
	}
}

// unanswered returns the address of a listener whose backlog is full, so that it does not answer a
// connect.
func unanswered(t *testing.T) sock.Addr {
	t.Helper()
	ln, addr := socktest.TCP.Bound(t)
	overfill(t, socktest.TCP, ln, addr)
	return addr
}

// overfill listens on ln, and connects until a connect gets no answer.
func overfill(t *testing.T, k socktest.Kind, ln *sock.Socket, addr sock.Addr) {
	t.Helper()
	socktest.Must(t, ln.Listen(0))
	for late := 0; late < 3; { // one may be late because the machine stood still
		s := k.New(t)
		socktest.Must(t, s.SetTimeout(50*time.Millisecond))
		err := s.Connect(addr)
		if errors.Is(err, os.ErrDeadlineExceeded) {
			late++
			continue
		}
		socktest.Must(t, err)
		late = 0
	}
}

func TestConnectThatWaits(t *testing.T) { // items 53, 54, 236
	socktest.Check(t)
	addr := unanswered(t)
	connecting := func(t *testing.T, timeout time.Duration) *sock.Socket {
		s := socktest.TCP.New(t)
		socktest.Must(t, s.SetTimeout(timeout))
		return s
	}
	t.Run("timeout", func(t *testing.T) {
		socktest.EachWaiter(t, func(t *testing.T, w *socktest.Waiter) {
			const timeout = 3 * time.Millisecond
			s := connecting(t, timeout)
			began := time.Now()
			if err := w.On(s).Connect(addr); !errors.Is(err, os.ErrDeadlineExceeded) || time.Since(began) < timeout {
				t.Errorf("%v after %v, want a timeout", err, time.Since(began))
			}
			if errno, err := s.ConnectEx(addr); errno != sock.HostErrno(syscall.EAGAIN) || err != nil {
				t.Errorf("ConnectEx = %v, %v; want EAGAIN", errno, err)
			}
			// The system goes on connecting.
			socktest.Must(t, s.SetTimeout(0))
			if err := w.On(s).Connect(addr); !errors.Is(err, syscall.EALREADY) {
				t.Errorf("after it: %v, want EALREADY", err)
			}
		})
	})
	t.Run("non-blocking", func(t *testing.T) {
		socktest.EachWaiter(t, func(t *testing.T, w *socktest.Waiter) {
			s := connecting(t, 0)
			for i, want := range []error{syscall.EINPROGRESS, syscall.EALREADY, syscall.EALREADY} {
				if err := w.On(s).Connect(addr); !errors.Is(err, want) {
					t.Errorf("call %d: %v, want %v", i, err, want)
				}
			}
			if errno, err := s.ConnectEx(addr); errno != sock.HostErrno(syscall.EALREADY) || err != nil {
				t.Errorf("ConnectEx = %v, %v; want EALREADY", errno, err)
			}
		})
	})
	for _, mode := range []time.Duration{sock.Forever, socktest.Patience} {
		t.Run("cancel "+modeName(mode), func(t *testing.T) {
			socktest.EachCanceler(t, func(t *testing.T, w *socktest.Waiter) {
				s := connecting(t, mode)
				call := socktest.Start(func() error { return w.On(s).Connect(addr) })
				socktest.AwaitWaiting(t, s)
				w.Cancel()
				if err := call.Wait(t); !errors.Is(err, context.Canceled) {
					t.Errorf("%v, want context.Canceled", err)
				}
			})
		})
		t.Run("close "+modeName(mode), func(t *testing.T) {
			socktest.EachWaiter(t, func(t *testing.T, w *socktest.Waiter) {
				s := connecting(t, mode)
				call := socktest.Start(func() error { return w.On(s).Connect(addr) })
				socktest.AwaitWaiting(t, s)
				socktest.Must(t, s.Close())
				if err := call.Wait(t); !errors.Is(err, net.ErrClosed) {
					t.Errorf("%v, want net.ErrClosed", err)
				}
			})
		})
		t.Run("ConnectEx, close "+modeName(mode), func(t *testing.T) {
			socktest.Check(t)
			s := connecting(t, mode)
			call := socktest.Start(func() error {
				errno, err := s.ConnectEx(addr)
				return errors.Join(errno, err)
			})
			socktest.AwaitWaiting(t, s)
			socktest.Must(t, s.Close())
			if err := call.Wait(t); !errors.Is(err, sock.NoSocket) {
				t.Errorf("%v, want %v", err, sock.NoSocket)
			}
		})
	}
}

// A blocking connect waits for room in the backlog. In the other modes it fails, as in Python.
func TestConnectUnixFullBacklog(t *testing.T) { // items 58, 236
	socktest.EachWaiter(t, func(t *testing.T, w *socktest.Waiter) {
		ln, addr := fullBacklog(t)
		for _, mode := range []time.Duration{0, socktest.Patience} {
			s := socktest.UnixStream.New(t)
			socktest.Must(t, s.SetTimeout(mode))
			if err := w.On(s).Connect(addr); !errors.Is(err, sock.ErrWouldBlock) {
				t.Errorf("%s: %v, want ErrWouldBlock", modeName(mode), err)
			}
			if errno, err := s.ConnectEx(addr); errno != sock.HostErrno(syscall.EAGAIN) || err != nil {
				t.Errorf("%s: ConnectEx = %v, %v; want EAGAIN", modeName(mode), errno, err)
			}
		}
		s := socktest.UnixStream.New(t)
		call := socktest.Start(func() error { return w.On(s).Connect(addr) })
		socktest.AwaitWaiting(t, s)
		if call.Done() {
			t.Fatal("it did not wait: ", call.Wait(t))
		}
		c, _, err := ln.Accept()
		socktest.Must(t, err)
		c.Close()
		socktest.Must(t, call.Wait(t))
	})
}

// fullBacklog returns a Unix listener without room for another connection.
func fullBacklog(t *testing.T) (*sock.Socket, sock.Addr) {
	t.Helper()
	ln, addr := socktest.UnixStream.Bound(t)
	socktest.Must(t, ln.Listen(0))
	for {
		s := socktest.UnixStream.New(t)
		socktest.Must(t, s.SetTimeout(0))
		switch err := s.Connect(addr); {
		case err == nil:
		case !systems.ErrnosHere(systems.BacklogFullUnix).Has(err):
			t.Fatalf("%v, want %v", err, systems.ErrnosHere(systems.BacklogFullUnix))
		case !errors.Is(err, sock.ErrWouldBlock):
			t.Skipf("%v: run this where a connect waits for room in the backlog", err)
		default:
			return ln, addr
		}
	}
}

// A send during a pending connect waits for it: both use one lane.
func TestSendWaitsForConnect(t *testing.T) {
	socktest.Check(t)
	ln, addr := fullBacklog(t)
	s := socktest.UnixStream.New(t)
	connect := s.Async().Connect(addr)
	send := s.Async().Sendall(hello, 0)
	if connect.Settled() || send.Settled() {
		t.Fatal("they did not wait")
	}
	received := make(chan string, 1)
	accepting := socktest.Start(func() error {
		for {
			c, _, err := ln.Accept()
			if err != nil {
				return err
			}
			socktest.Closing(t, c)
			go func() { // those that filled the backlog send nothing
				if p, _ := c.Recv(10, 0); len(p) > 0 {
					received <- string(p)
				}
			}()
		}
	})
	if _, err := connect.Wait(t.Context()); err != nil {
		t.Errorf("connect: %v", err)
	}
	if n, err := send.Wait(t.Context()); n != len(hello) || err != nil {
		t.Errorf("send: %d, %v", n, err)
	}
	socktest.Must(t, socktest.Start(func() error { return wantBytes("hello")([]byte(<-received), nil) }).Wait(t))
	socktest.Must(t, ln.Close())
	if err := accepting.Wait(t); !errors.Is(err, net.ErrClosed) {
		t.Error(err)
	}
}

// A receive during a pending connect waits for it, and gives its lane back when its timeout passes:
// otherwise Close could not close the descriptor.
func TestReceiveDuringConnect(t *testing.T) {
	addr := unanswered(t)
	for timeout, want := range map[time.Duration]error{0: sock.ErrWouldBlock, 3 * time.Millisecond: os.ErrDeadlineExceeded} {
		t.Run(modeName(timeout), func(t *testing.T) {
			socktest.EachWaiter(t, func(t *testing.T, w *socktest.Waiter) {
				socktest.Check(t)
				s := socktest.TCP.New(t)
				connect := s.Async().Connect(addr)
				socktest.Must(t, s.SetTimeout(timeout))
				for range 2 {
					if _, err := w.On(s).RecvInto(make([]byte, 1), 0); !errors.Is(err, want) {
						t.Errorf("RecvInto: %v, want %v", err, want)
					}
				}
				socktest.Must(t, s.Close())
				if _, err := connect.Wait(t.Context()); !errors.Is(err, net.ErrClosed) {
					t.Errorf("connect: %v, want net.ErrClosed", err)
				}
			})
		})
	}
}

// A receive that waits beside a connect leaves the error to the connect.
func TestReceiveBesideConnect(t *testing.T) {
	socktest.Check(t)
	addr := refusing(t)
	for range 5 {
		s := socktest.TCP.New(t)
		connect, recv := s.Async().Connect(addr), s.Async().Recv(10, 0)
		if _, err := connect.Wait(t.Context()); !errors.Is(err, syscall.ECONNREFUSED) {
			t.Errorf("connect: %v, want ECONNREFUSED", err)
		}
		// Where a failed connect ends the socket's receiving side, the receive finds the end.
		if _, err := recv.Wait(t.Context()); errors.Is(err, syscall.ECONNREFUSED) || runtime.GOOS == "linux" && err == nil {
			t.Errorf("receive: %v, want an error that is not the connect's", err)
		}
	}
}

// Many connects at once succeed, each with its own connection.
func TestConnectMany(t *testing.T) {
	socktest.EachWaiter(t, func(t *testing.T, w *socktest.Waiter) {
		ln, addr := socktest.TCP.Listener(t)
		var clients []*sock.Socket
		var wg sync.WaitGroup
		for range 30 {
			s := socktest.TCP.New(t)
			clients = append(clients, s)
			wg.Go(func() {
				if err := w.On(s).Connect(addr); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		for range clients {
			c, _, err := ln.Accept()
			socktest.Must(t, err)
			c.Close()
		}
	})
}
