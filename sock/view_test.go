package sock_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/polluxio/pollux/internal/bare"
	"github.com/polluxio/pollux/loop"
	"github.com/polluxio/pollux/sock"
	"github.com/polluxio/pollux/sock/socktest"
)

// inTask runs fn in a task, and fails the test with its error.
func inTask(t *testing.T, fn func(*loop.Task) error) {
	t.Helper()
	r, err := loop.Default()
	socktest.Must(t, err)
	task := r.Next().Go(func(task *loop.Task) { err = fn(task) })
	call := socktest.Start(func() error { return task.Wait(t.Context()) })
	socktest.Must(t, call.Wait(t))
	socktest.Must(t, err)
}

// A view is the same socket with another way to wait.
func TestViewIsTheSameSocket(t *testing.T) {
	socktest.Check(t)
	s := socktest.UDP.New(t)
	var none context.Context
	inTask(t, func(task *loop.Task) error {
		for name, view := range map[string]*sock.Socket{
			"With":           s.With(t.Context()),
			"In":             s.In(task),
			"In and With":    s.In(task).With(t.Context()),
			"With and In":    s.With(t.Context()).In(task),
			"With nothing":   s.With(none),
			"In nothing":     s.In(nil),
			"With, and With": s.With(t.Context()).With(t.Context()),
		} {
			if view.Fileno() != s.Fileno() || view.Type() != s.Type() || view.String() != s.String() {
				t.Errorf("%s: it is %v, and not %v", name, view, s)
			}
		}
		return nil
	})
}

// A canceled operation of a view takes no data from other waiting operations.
func TestViewsWaitSideBySide(t *testing.T) {
	socktest.Check(t)
	a, b := socktest.UDP.Pair(t)
	ctx, cancel := context.WithCancel(t.Context())
	canceled := socktest.Start(func() error { _, err := a.With(ctx).Recv(10, 0); return err })
	socktest.AwaitWaiting(t, a)
	f := a.Async().Recv(10, 0)
	cancel()
	if err := canceled.Wait(t); !errors.Is(err, context.Canceled) {
		t.Errorf("%v, want context.Canceled", err)
	}
	if f.Settled() {
		t.Error("the other has ended too")
	}
	_, err := b.Send(hello, 0)
	socktest.Must(t, err)
	socktest.Must(t, wantBytes("hello")(f.Wait(t.Context())))
}

// A view of a view has both: it waits in the task, and until the context ends.
func TestViewOfAView(t *testing.T) {
	for _, test := range []struct {
		name string
		view func(*sock.Socket, *loop.Task, context.Context) *sock.Socket
	}{
		{"In, With", func(s *sock.Socket, task *loop.Task, ctx context.Context) *sock.Socket { return s.In(task).With(ctx) }},
		{"With, In", func(s *sock.Socket, task *loop.Task, ctx context.Context) *sock.Socket { return s.With(ctx).In(task) }},
		{"In, With, With", func(s *sock.Socket, task *loop.Task, ctx context.Context) *sock.Socket {
			return s.In(task).With(context.Background()).With(ctx)
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			socktest.Check(t)
			s := socktest.UDP.New(t)
			socktest.Must(t, s.SetTimeout(socktest.Patience)) // against a view that ignores the context
			ctx, cancel := context.WithTimeout(t.Context(), 5*time.Millisecond)
			defer cancel()
			inTask(t, func(task *loop.Task) error {
				if _, err := test.view(s, task, ctx).Recv(1, 0); !errors.Is(err, context.DeadlineExceeded) {
					t.Errorf("%v, want the context's end", err)
				}
				return nil
			})
		})
	}
}

// A name is resolved in the view's way to wait.
func TestBindByAView(t *testing.T) { // items 61, 186
	bare.Localhost(t)
	socktest.Check(t)
	name := sock.Inet("localhost", 0)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	inTask(t, func(task *loop.Task) error {
		if err := socktest.TCP.New(t).In(task).Bind(name); err != nil {
			return err
		}
		if err := socktest.TCP.New(t).In(task).With(ctx).Bind(name); !errors.Is(err, context.Canceled) {
			t.Errorf("in a task, canceled: %v", err)
		}
		return nil
	})
	socktest.Must(t, socktest.TCP.New(t).With(t.Context()).Bind(name))
	if err := socktest.TCP.New(t).With(ctx).Bind(name); !errors.Is(err, context.Canceled) {
		t.Errorf("canceled: %v", err)
	}
}

// The error is the cause of the context.
func TestContextCause(t *testing.T) {
	socktest.Check(t)
	cause := errors.New("had enough")
	a, b := socktest.UDP.Pair(t)
	inTask(t, func(task *loop.Task) error {
		ctx, cancel := context.WithCancelCause(t.Context())
		task.Loop().Post(func() { cancel(cause) })
		if _, err := a.In(task).With(ctx).Recv(10, 0); !errors.Is(err, cause) {
			t.Errorf("in a task: %v, want the cause", err)
		}
		// The end of one operation does not end the next.
		if _, err := b.In(task).Send(hello, 0); err != nil {
			return err
		}
		return wantBytes("hello")(a.In(task).Recv(10, 0))
	})
	ctx, cancel := context.WithCancelCause(t.Context())
	call := socktest.Start(func() error { _, err := a.With(ctx).Recv(10, 0); return err })
	socktest.AwaitWaiting(t, a)
	cancel(cause)
	if err := call.Wait(t); !errors.Is(err, cause) {
		t.Errorf("on a goroutine: %v, want the cause", err)
	}
}

// A wait of a goroutine on a loop's own goroutine could never end, so it is an error. A call that
// need not wait is an error in the debug mode only; tests with the race detector run in that mode.
func TestWaitOnTheLoop(t *testing.T) {
	bare.Localhost(t)
	socktest.Check(t)
	r, err := loop.Default()
	socktest.Must(t, err)
	l := r.Next()
	for _, user := range []struct {
		name string
		run  func(fn func())
	}{
		{"a posted function", func(fn func()) {
			done := make(chan struct{})
			socktest.Must(t, l.Post(func() { fn(); close(done) }))
			<-done
		}},
		{"a task, which is not named", func(fn func()) { l.Go(func(*loop.Task) { fn() }).Wait(t.Context()) }},
	} {
		a, b := socktest.UDP.Pair(t)
		socktest.Must(t, a.Join(l))
		_, err := b.Send(hello, 0)
		socktest.Must(t, err)
		socktest.AwaitReadable(t, a)
		waiting, peer := socktest.UDP.Pair(t)
		socktest.Must(t, waiting.Join(l))
		call := socktest.Start(func() error {
			user.run(func() {
				if err := wantBytes("hello")(a.Recv(10, 0)); debugMode && !errors.Is(err, loop.ErrOnLoop) || !debugMode && err != nil {
					t.Errorf("%s, something is there: %v", user.name, err)
				}
				for name, s := range map[string]*sock.Socket{"goroutine": waiting, "context": waiting.With(t.Context())} {
					if _, err := s.Recv(10, 0); !errors.Is(err, loop.ErrOnLoop) {
						t.Errorf("%s, %s: %v, want ErrOnLoop", user.name, name, err)
					}
				}
				if err := waiting.Connect(sock.Inet("localhost", 9)); !errors.Is(err, loop.ErrOnLoop) {
					t.Errorf("%s, a name to resolve: %v, want ErrOnLoop", user.name, err)
				}
			})
			return nil
		})
		socktest.Must(t, call.Wait(t))
		echo(t, waiting, peer) // the refused calls changed nothing
	}
}

func TestNoContextOfATask(t *testing.T) {
	socktest.Check(t)
	a, b := socktest.UDP.Pair(t)
	_, err := b.Send(hello, 0)
	socktest.Must(t, err)
	inTask(t, func(task *loop.Task) error {
		var none context.Context
		_, err := a.In(task).With(none).Recv(10, 0)
		return err
	})
}
