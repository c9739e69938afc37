package sock_test

import (
	"context"
	"errors"
	"math"
	"net"
	"os"
	"runtime"
	"strings"
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

// A wrong argument is an *ArgError in every way to make a system call of one's own, and the socket
// goes on.
func TestAttemptWrongArguments(t *testing.T) {
	socktest.Check(t)
	x, y := socktest.TCP.Pair(t)
	raw, err := x.SyscallConn()
	socktest.Must(t, err)
	try := func(int) (loop.Outcome, error) { return loop.Outcome{}, nil }
	wait := func(f loop.Future[struct{}]) error { _, err := f.Wait(t.Context()); return err }
	for name, tt := range map[string]struct {
		call func() error
		rule string
	}{
		"Attempt, nil":       {func() error { return x.Attempt("own", loop.Read, nil) }, "must not be nil"},
		"Attempt, direction": {func() error { return x.Attempt("own", 2, try) }, "must be loop.Read or loop.Write"},
		"Async, nil":         {func() error { return wait(x.Async().Attempt("own", loop.Write, nil)) }, "must not be nil"},
		"Async, direction":   {func() error { return wait(x.Async().Attempt("own", 7, try)) }, "must be loop.Read or loop.Write"},
		"AttemptAsync, nil": {func() error {
			_, err := sock.AttemptAsync[int](x, "own", loop.Read, nil).Wait(t.Context())
			return err
		}, "must not be nil"},
		"AttemptAsync, direction": {func() error {
			_, err := sock.AttemptAsync(x, "own", 255, func(int) (int, loop.Outcome, error) { return 0, loop.Outcome{}, nil }).Wait(t.Context())
			return err
		}, "must be loop.Read or loop.Write"},
		"Control, nil": {func() error { return raw.Control(nil) }, "must not be nil"},
		"Read, nil":    {func() error { return raw.Read(nil) }, "must not be nil"},
		"Write, nil":   {func() error { return raw.Write(nil) }, "must not be nil"},
	} {
		t.Run(name, func(t *testing.T) { socktest.WantArgError(t, tt.call(), tt.rule) })
	}
	c := x.Call(9)
	if err := x.Begin(&c); err == nil || !strings.Contains(err.Error(), "must be Read or Write") {
		t.Errorf("Begin in direction 9: %v", err)
	}
	_, err = y.Send([]byte("still"), 0)
	socktest.Must(t, err)
	if got, err := x.Recv(5, sock.MSG_WAITALL); string(got) != "still" || err != nil {
		t.Errorf("%q, %v after the errors", got, err)
	}
}

// A function of the caller that panics or ends its goroutine keeps neither the lane nor the
// descriptor.
func TestAttemptThatDoesNotReturn(t *testing.T) {
	for name, call := range map[string]func(s *sock.Socket, raw syscall.RawConn, leave func()){
		"Attempt": func(s *sock.Socket, _ syscall.RawConn, leave func()) {
			s.Attempt("own", loop.Read, func(int) (loop.Outcome, error) { leave(); return loop.Outcome{}, nil })
		},
		"Async": func(s *sock.Socket, _ syscall.RawConn, leave func()) {
			s.Async().Attempt("own", loop.Read, func(int) (loop.Outcome, error) { leave(); return loop.Outcome{}, nil })
		},
		"Control": func(_ *sock.Socket, raw syscall.RawConn, leave func()) { raw.Control(func(uintptr) { leave() }) },
		"Read": func(_ *sock.Socket, raw syscall.RawConn, leave func()) {
			raw.Read(func(uintptr) bool { leave(); return true })
		},
		"Write": func(_ *sock.Socket, raw syscall.RawConn, leave func()) {
			raw.Write(func(uintptr) bool { leave(); return true })
		},
	} {
		for how, leave := range map[string]func(){"panic": func() { panic("of the caller") }, "Goexit": runtime.Goexit} {
			t.Run(name+", "+how, func(t *testing.T) {
				socktest.Check(t)
				x, y := socktest.TCP.Pair(t)
				raw, err := x.SyscallConn()
				socktest.Must(t, err)
				over := make(chan struct{})
				go func() {
					defer close(over)
					defer func() { recover() }()
					call(x, raw, leave)
				}()
				<-over
				_, err = y.Send([]byte("next"), 0)
				socktest.Must(t, err)
				socktest.Must(t, x.SetTimeout(20*time.Second))
				if got, err := x.Recv(4, 0); string(got) != "next" || err != nil {
					t.Errorf("the next receive: %q, %v", got, err)
				}
				if _, err := x.Send([]byte("next"), 0); err != nil {
					t.Errorf("the next send: %v", err)
				}
				socktest.Must(t, x.Close())
				socktest.Must(t, y.SetTimeout(20*time.Second))
				if got, err := y.Recv(8, sock.MSG_WAITALL); string(got) != "next" || err != nil {
					t.Errorf("the peer got %q, %v; want the end after \"next\"", got, err)
				}
			})
		}
	}
}
