package sock_test

import (
	"errors"
	"runtime"
	"testing"

	"github.com/polluxio/pollux/loop"
	"github.com/polluxio/pollux/sock/socktest"
)

// A socket and a task may be on loops of different reactors.
func TestTaskOfAnotherReactor(t *testing.T) {
	socktest.Check(t)
	r := reactor(t)
	a, b := socktest.TCP.Pair(t)
	socktest.Must(t, a.Join(r.Loops()[0]))
	var err error
	task := r.Loops()[1].Go(func(task *loop.Task) { err = wantBytes("hello")(a.In(task).Recv(10, 0)) })
	call := socktest.Start(func() error { return task.Wait(t.Context()) })
	_, sendErr := b.Send(hello, 0)
	socktest.Must(t, sendErr)
	socktest.Must(t, call.Wait(t))
	socktest.Must(t, err)
}

// A socket moves from loop to loop, but not while an operation waits for it.
func TestJoin(t *testing.T) {
	socktest.EachWaiter(t, func(t *testing.T, w *socktest.Waiter) {
		r := reactor(t)
		a, b := socktest.TCP.Pair(t)
		socktest.Must(t, a.SetTimeout(socktest.Patience))
		for i := range 4 {
			l := r.Loops()[i%2]
			socktest.Must(t, a.Join(l))
			if a.Loop() != l {
				t.Error("it is not on the loop that it joined")
			}
			socktest.Must(t, a.Join(nil)) // any loop will do, and so the present one
			if a.Loop() != l {
				t.Error("it has left the loop that it joined")
			}
			_, err := b.Send(hello, 0)
			socktest.Must(t, err)
			socktest.Must(t, wantBytes("hello")(w.On(a).Recv(10, 0)))
		}
		c, _ := socktest.UDP.Pair(t)
		call := socktest.Start(func() error { _, err := w.On(c).Recv(10, 0); return err })
		socktest.AwaitWaiting(t, c)
		for _, l := range r.Loops() {
			if err := c.Join(l); !errors.Is(err, loop.ErrOtherLoop) {
				t.Errorf("an operation waits on another loop: %v, want ErrOtherLoop", err)
			}
		}
		c.Close()
		call.Wait(t)
	})
}

// A socket that moves all the time misses no event.
func TestJoinWhileUsed(t *testing.T) {
	socktest.EachWaiter(t, func(t *testing.T, w *socktest.Waiter) {
		r := reactor(t)
		a, b := socktest.TCP.Pair(t)
		socktest.Must(t, a.SetTimeout(socktest.Patience))
		socktest.Must(t, b.SetTimeout(socktest.Patience))
		stop := make(chan struct{})
		moving := socktest.Start(func() error {
			for i := 0; ; i++ {
				select {
				case <-stop:
					return nil
				default:
				}
				if err := a.Join(r.Loops()[i%2]); err != nil && !errors.Is(err, loop.ErrOtherLoop) {
					return err
				}
				runtime.Gosched()
			}
		})
		call := socktest.Start(func() error {
			defer close(stop)
			for range 50 {
				if _, err := b.Send(hello, 0); err != nil {
					return err
				}
				if err := wantBytes("hello")(w.On(a).Recv(10, 0)); err != nil {
					return err
				}
			}
			return nil
		})
		socktest.Must(t, call.Wait(t))
		socktest.Must(t, moving.Wait(t))
	})
}

// reactor returns a reactor with two loops. It ends with the test, after its sockets are closed.
func reactor(t *testing.T) *loop.Reactor {
	t.Helper()
	r, err := loop.NewReactor(&loop.Config{Loops: 2})
	socktest.Must(t, err)
	t.Cleanup(func() { r.Close() })
	return r
}
