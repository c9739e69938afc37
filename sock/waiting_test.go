package sock_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"runtime"
	"testing"
	"time"

	"github.com/polluxio/pollux/sock"
	"github.com/polluxio/pollux/sock/socktest"
)

// These tests check what all waiting operations have in common, in each way to wait and in each
// mode. Connect has its own tests.

// An operation is a call that may have to wait.
type operation struct {
	name string
	// setup makes a socket on which the operation has to wait.
	setup func(t *testing.T) *waitingFor
}

// waitingFor is a socket on which an operation has to wait.
type waitingFor struct {
	*sock.Socket
	writes  bool   // it waits for room
	release func() // ends the reason to wait
	// do makes the call and, if it succeeds, checks its result.
	do func(o socktest.Operations) error
}

var operations = []operation{
	{"Recv", receiving(socktest.TCP, func(o socktest.Operations) ([]byte, error) { return o.Recv(10, 0) })},
	{"RecvInto", receiving(socktest.LocalStream, func(o socktest.Operations) ([]byte, error) {
		p := make([]byte, 10)
		n, err := o.RecvInto(p, 0)
		return p[:n], err
	})},
	{"Recvfrom", receiving(socktest.UDP, func(o socktest.Operations) ([]byte, error) {
		p, _, err := o.Recvfrom(10, 0)
		return p, err
	})},
	{"RecvfromInto", receiving(socktest.LocalDatagram, func(o socktest.Operations) ([]byte, error) {
		p := make([]byte, 10)
		n, _, err := o.RecvfromInto(p, 0)
		return p[:n], err
	})},
	{"Send", sending(socktest.UnixSeqpacket, func(o socktest.Operations) (int, error) { return o.Send(hello, 0) })},
	{"Send to a stream", sending(socktest.LocalStream, func(o socktest.Operations) (int, error) { return o.Send(hello, 0) })},
	{"Sendall", sending(socktest.LocalStream, func(o socktest.Operations) (int, error) { return o.Sendall(hello, 0) })},
	{"Sendto", sendingTo},
	{"Recvmsg", receiving(socktest.UDP6, func(o socktest.Operations) ([]byte, error) {
		p, _, _, _, err := o.Recvmsg(10, 64, 0)
		return p, err
	})},
	{"RecvmsgInto", receiving(socktest.TCP6, func(o socktest.Operations) ([]byte, error) {
		p := make([]byte, 10)
		n, _, _, _, err := o.RecvmsgInto([][]byte{p[:2], nil, p[2:]}, 0, 0)
		return p[:n], err
	})},
	{"Recvmsg with MSG_PEEK", receiving(socktest.UDP, func(o socktest.Operations) ([]byte, error) {
		p, _, _, _, err := o.Recvmsg(10, 0, sock.MSG_PEEK)
		return p, err
	})},
	{"Sendmsg", sending(socktest.LocalStream, func(o socktest.Operations) (int, error) {
		return o.Sendmsg([][]byte{hello[:2], nil, hello[2:]}, nil, 0, sock.Addr{})
	})},
	{"Accept", accepting},
}

var hello = []byte("hello")

func receiving(k socktest.Kind, recv func(socktest.Operations) ([]byte, error)) func(*testing.T) *waitingFor {
	return func(t *testing.T) *waitingFor {
		a, b := k.Pair(t)
		return &waitingFor{
			Socket: a,
			release: func() {
				_, err := b.Sendall(hello, 0)
				socktest.Must(t, err)
			},
			do: func(o socktest.Operations) error {
				p, err := recv(o)
				if err == nil && !bytes.Equal(p, hello) {
					err = fmt.Errorf("received %q, want %q", p, hello)
				}
				return err
			},
		}
	}
}

func sending(k socktest.Kind, send func(socktest.Operations) (int, error)) func(*testing.T) *waitingFor {
	return func(t *testing.T) *waitingFor {
		if !k.WaitsForRoom() {
			t.Skipf("a send to a full queue of a %s socket fails here: run this where it waits", k.Name)
		}
		a, b := k.Pair(t)
		fill(t, a)
		return &waitingFor{
			Socket:  a,
			writes:  true,
			release: func() { discard(b) },
			do:      func(o socktest.Operations) error { return count(send(o)) },
		}
	}
}

// sendingTo returns an unconnected sender whose destination has a full queue: no event reports when
// that queue has room again.
func sendingTo(t *testing.T) *waitingFor {
	if !socktest.UnixDatagram.WaitsForRoom() {
		t.Skip("a send to a full queue of a Unix datagram socket fails here: run this where it waits")
	}
	s, receiver := socktest.UnixDatagram.New(t), socktest.UnixDatagram.New(t)
	to := socktest.UnixDatagram.Addr(t)
	socktest.Must(t, receiver.Bind(to))
	socktest.Must(t, receiver.SetTimeout(0))
	socktest.Must(t, s.SetTimeout(0))
	for err := error(nil); !errors.Is(err, sock.ErrWouldBlock); _, err = s.Sendto(hello, 0, to) {
		socktest.Must(t, err)
	}
	return &waitingFor{
		Socket: s,
		writes: true,
		release: func() {
			for err := error(nil); !errors.Is(err, sock.ErrWouldBlock); _, err = receiver.Recv(10, 0) {
				socktest.Must(t, err)
			}
		},
		do: func(o socktest.Operations) error { return count(o.Sendto(hello, 0, to)) },
	}
}

// accepting returns a listener without connections.
func accepting(t *testing.T) *waitingFor {
	ln, addr := socktest.TCP.Listener(t)
	return &waitingFor{
		Socket:  ln,
		release: func() { socktest.Must(t, socktest.TCP.New(t).Connect(addr)) },
		do: func(o socktest.Operations) error {
			c, _, err := o.Accept()
			if err == nil {
				err = c.Close()
			}
			return err
		},
	}
}

// count returns the error of an operation that should have sent hello.
func count(n int, err error) error {
	if err == nil && n != len(hello) || err != nil && n != 0 {
		return fmt.Errorf("sent %d bytes, %w", n, err)
	}
	return err
}

// fill sends on s until there is no more room, and returns the number of bytes. A TCP peer may
// acknowledge late, and the last part goes by a probe of its window. So there a full queue is one
// that stays full for a while.
func fill(t *testing.T, s *sock.Socket) (total int) {
	t.Helper()
	socktest.Must(t, s.Setsockopt(sock.SOL_SOCKET, sock.SO_SNDBUF, 4096))
	mode := s.Timeout()
	socktest.Must(t, s.SetTimeout(0))
	stays := time.Duration(0)
	if s.Family() != sock.AF_UNIX {
		stays = 350 * time.Millisecond // Linux acknowledges within 40, and probes after 200
	}
	p := make([]byte, 512)
	for since := time.Now(); ; {
		n, err := s.Send(p, 0)
		if errors.Is(err, sock.ErrWouldBlock) {
			if time.Since(since) >= stays {
				break
			}
			runtime.Gosched()
			continue
		}
		socktest.Must(t, err)
		total += n
		since = time.Now()
	}
	socktest.Must(t, s.SetTimeout(mode))
	return total
}

// discard receives everything until s or its peer is closed.
func discard(s *sock.Socket) {
	go func() {
		p := make([]byte, 64<<10)
		for {
			if n, err := s.RecvInto(p, 0); err != nil || n == 0 && s.Type() == sock.SOCK_STREAM {
				return
			}
		}
	}()
}

func TestCompletesAtOnce(t *testing.T) { // items 31, 40
	eachOperation(t, []time.Duration{sock.Forever, socktest.Patience, 0}, func(t *testing.T, w *socktest.Waiter, s *waitingFor) {
		s.release()
		if s.writes {
			socktest.AwaitWritable(t, s.Socket)
		} else {
			socktest.AwaitReadable(t, s.Socket)
		}
		if err := s.do(w.On(s.Socket)); err != nil {
			t.Fatal(err)
		}
	})
}

func TestCompletesAfterWaiting(t *testing.T) { // items 31, 40
	eachOperation(t, []time.Duration{sock.Forever, socktest.Patience}, func(t *testing.T, w *socktest.Waiter, s *waitingFor) {
		call := socktest.Start(func() error { return s.do(w.On(s.Socket)) })
		socktest.AwaitWaiting(t, s.Socket)
		if call.Done() {
			t.Fatal("it did not wait: ", call.Wait(t))
		}
		s.release()
		if err := call.Wait(t); err != nil {
			t.Fatal(err)
		}
	})
}

func TestNonBlockingNeverWaits(t *testing.T) { // items 44, 48
	eachOperation(t, []time.Duration{0}, func(t *testing.T, w *socktest.Waiter, s *waitingFor) {
		if err := s.do(w.On(s.Socket)); !errors.Is(err, sock.ErrWouldBlock) {
			t.Fatalf("%v, want ErrWouldBlock", err)
		}
		if s.Loop() != nil {
			t.Error("the socket was put on a loop, and no call waits")
		}
		if err := s.do(w.On(s.Socket)); !errors.Is(err, sock.ErrWouldBlock) {
			t.Fatalf("again: %v, want ErrWouldBlock", err)
		}
		goesOn(t, w, s)
	})
}

// The operation can still be done later: no byte and no connection is lost. In Python the error is
// TimeoutError "timed out".
func TestTimeoutEndsTheOperation(t *testing.T) { // items 40, 42
	const timeout = 3 * time.Millisecond
	eachOperation(t, []time.Duration{timeout}, func(t *testing.T, w *socktest.Waiter, s *waitingFor) {
		began := time.Now()
		err := s.do(w.On(s.Socket))
		if took := time.Since(began); took < timeout {
			t.Errorf("it ended after %v, before its timeout", took)
		}
		var ne net.Error
		if !errors.Is(err, os.ErrDeadlineExceeded) || !errors.As(err, &ne) || !ne.Timeout() {
			t.Fatalf("%v, want a timeout", err)
		}
		if errors.Is(err, sock.ErrWouldBlock) {
			t.Errorf("%v is ErrWouldBlock too, and the socket is not non-blocking", err)
		}
		goesOn(t, w, s)
	})
}

func TestCancelEndsTheOperation(t *testing.T) {
	eachOperation(t, []time.Duration{sock.Forever, socktest.Patience}, func(t *testing.T, w *socktest.Waiter, s *waitingFor) {
		if !w.CanCancel {
			return
		}
		call := socktest.Start(func() error { return s.do(w.On(s.Socket)) })
		socktest.AwaitWaiting(t, s.Socket)
		w.Cancel()
		if err := call.Wait(t); !errors.Is(err, context.Canceled) {
			t.Fatalf("%v, want context.Canceled", err)
		}
		goesOn(t, w, s)
	})
}

// In Python another waiting thread goes on waiting.
func TestCloseEndsTheOperation(t *testing.T) {
	eachOperation(t, []time.Duration{sock.Forever, socktest.Patience}, func(t *testing.T, w *socktest.Waiter, s *waitingFor) {
		call := socktest.Start(func() error { return s.do(w.On(s.Socket)) })
		socktest.AwaitWaiting(t, s.Socket)
		if err := s.Close(); err != nil {
			t.Error(err)
		}
		if err := call.Wait(t); !errors.Is(err, net.ErrClosed) {
			t.Fatalf("%v, want net.ErrClosed", err)
		}
		if err := s.do(w.On(s.Socket)); !errors.Is(err, net.ErrClosed) {
			t.Fatalf("after that: %v, want net.ErrClosed", err)
		}
	})
}

// eachOperation runs fn for each operation in each mode and each way to wait, on a socket where the
// operation has to wait.
func eachOperation(t *testing.T, modes []time.Duration, fn func(*testing.T, *socktest.Waiter, *waitingFor)) {
	for _, op := range operations {
		for _, mode := range modes {
			t.Run(op.name+" "+modeName(mode), func(t *testing.T) {
				socktest.EachWaiter(t, func(t *testing.T, w *socktest.Waiter) {
					s := op.setup(t)
					socktest.Must(t, s.SetTimeout(mode))
					fn(t, w, s)
				})
			})
		}
	}
}

func modeName(timeout time.Duration) string {
	switch timeout {
	case sock.Forever:
		return "blocking"
	case 0:
		return "non-blocking"
	}
	return "timeout"
}

// goesOn checks that an operation that has waited without result succeeds on the same socket as
// soon as it can.
func goesOn(t *testing.T, w *socktest.Waiter, s *waitingFor) {
	t.Helper()
	socktest.Must(t, s.SetTimeout(socktest.Patience))
	s.release()
	if err := s.do(w.On(s.Socket)); err != nil {
		t.Fatal("the next one: ", err)
	}
}
