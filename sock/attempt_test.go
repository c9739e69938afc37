package sock_test

import (
	"context"
	"errors"
	"math"
	"net"
	"os"
	"syscall"
	"testing"
	"time"

	"github.com/polluxio/pollux/loop"
	"github.com/polluxio/pollux/sock"
	"github.com/polluxio/pollux/sock/socktest"
)

// A system call of the caller's own waits in every mode until the socket is ready.
func TestAttemptWaitsInEveryMode(t *testing.T) {
	var b [16]byte
	read := func(sysfd int) (loop.Outcome, error) {
		n, err := socktest.Recv(sysfd, b[:], 0)
		return loop.Outcome{N: max(n, 0)}, err
	}
	r, err := loop.NewReactor(&loop.Config{Loops: 1})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	for name, wait := range map[string]func(s *sock.Socket) error{
		"goroutine": func(s *sock.Socket) error { return s.Attempt("read", loop.Read, read) },
		"context": func(s *sock.Socket) error {
			ctx, cancel := context.WithCancel(context.Background())
			defer cancel()
			return s.With(ctx).Attempt("read", loop.Read, read)
		},
		"task": func(s *sock.Socket) (err error) {
			r.Next().Go(func(task *loop.Task) { err = s.In(task).Attempt("read", loop.Read, read) }).Wait(context.Background())
			return err
		},
		"future": func(s *sock.Socket) error {
			_, err := s.Async().Attempt("read", loop.Read, read).Wait(context.Background())
			return err
		},
		"RawConn": func(s *sock.Socket) error {
			c, err := s.SyscallConn()
			if err != nil {
				return err
			}
			var failed error
			err = c.Read(func(fd uintptr) bool {
				_, failed = socktest.Recv(int(fd), b[:], 0)
				return failed != socktest.WouldBlock
			})
			return errors.Join(err, failed)
		},
	} {
		t.Run(name, func(t *testing.T) {
			x, y, err := sock.Pair(-1, -1, -1)
			if err != nil {
				t.Fatal(err)
			}
			defer x.Close()
			defer y.Close()
			b[0] = 0
			time.AfterFunc(5*time.Millisecond, func() { y.Send([]byte{42}, 0) })
			if err := wait(x); err != nil || b[0] != 42 {
				t.Errorf("got %v and byte %d, want nil and 42", err, b[0])
			}
			x.SetTimeout(5 * time.Millisecond)
			if err := wait(x); !errors.Is(err, os.ErrDeadlineExceeded) {
				t.Errorf("with a timeout: got %v, want os.ErrDeadlineExceeded", err)
			}
			x.SetTimeout(0)
			if err := wait(x); !errors.Is(err, sock.ErrWouldBlock) {
				t.Errorf("non-blocking: got %v, want sock.ErrWouldBlock", err)
			}
		})
	}
}

// The future of a system call with a result has the result of the last try.
func TestAttemptAsyncGivesTheResult(t *testing.T) {
	x, y, err := sock.Pair(-1, -1, -1)
	if err != nil {
		t.Fatal(err)
	}
	defer x.Close()
	defer y.Close()
	tries := 0
	future := sock.AttemptAsync(x, "read", loop.Read, func(sysfd int) (string, loop.Outcome, error) {
		var b [16]byte
		tries++
		n, err := socktest.Recv(sysfd, b[:], 0)
		return string(b[:max(n, 0)]), loop.Outcome{N: max(n, 0)}, err
	})
	if future.Settled() {
		t.Fatal("there was nothing to read")
	}
	if _, err := y.Send([]byte("late"), 0); err != nil {
		t.Fatal(err)
	}
	if got, err := future.Wait(context.Background()); got != "late" || err != nil || tries < 2 {
		t.Errorf("%q, %v after %d tries; want \"late\" after 2 or more", got, err, tries)
	}
}

// An operation of another package reports its errors in the form of package sock.
func TestOpError(t *testing.T) {
	s, err := sock.New(sock.AF_INET, sock.SOCK_DGRAM, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	to := sock.Inet("127.0.0.1", 9)
	var op *net.OpError
	if err := s.OpError("poke", to, syscall.EPERM); !errors.As(err, &op) || op.Op != "poke" || op.Addr != to || !errors.Is(err, syscall.EPERM) {
		t.Errorf("%v; want EPERM of poke", err)
	}
	for _, again := range []error{syscall.EAGAIN, socktest.WouldBlock, loop.ErrAgain} {
		if err := s.OpError("poke", to, again); err != sock.ErrWouldBlock {
			t.Errorf("%v; want sock.ErrWouldBlock", err)
		}
	}
	if err := s.OpError("poke", to, nil); err != nil {
		t.Error(err)
	}
}

// TryRecv and TrySend make the system calls of the socket inside an Attempt.
func TestTryRecvAndTrySend(t *testing.T) {
	x, y, err := sock.Pair(-1, -1, -1)
	if err != nil {
		t.Fatal(err)
	}
	defer x.Close()
	defer y.Close()
	text := make([]byte, 10)
	send := func(sysfd int) (loop.Outcome, error) { return y.TrySend(sysfd, []byte("hello"), 0) }
	var got int
	recv := func(sysfd int) (loop.Outcome, error) {
		out, err := x.TryRecv(sysfd, text, 0)
		got = out.N
		return out, err
	}
	if err := x.SetTimeout(0); err != nil {
		t.Fatal(err)
	}
	if err := x.Attempt("recv", loop.Read, recv); err != sock.ErrWouldBlock {
		t.Errorf("nothing is there: %v", err)
	}
	if err := y.Attempt("send", loop.Write, send); err != nil {
		t.Fatal(err)
	}
	if err := x.Attempt("recv", loop.Read, recv); err != nil || string(text[:got]) != "hello" {
		t.Errorf("%q, %v", text[:got], err)
	}
	var arg *sock.ArgError
	if wide := math.MaxInt; wide > math.MaxInt32 { // an int of 32 bits is a C int
		if err := x.Attempt("recv", loop.Read, func(sysfd int) (loop.Outcome, error) { return x.TryRecv(sysfd, text, wide) }); !errors.As(err, &arg) {
			t.Errorf("flags beyond a C int: %v", err)
		}
	}
	if x.Waiter() != (loop.Waiter{}) || x.With(context.Background()).Waiter().Context() == nil {
		t.Error("Waiter is not that of the view")
	}
}
