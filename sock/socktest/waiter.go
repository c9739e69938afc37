package socktest

import (
	"context"
	"io"
	"slices"
	"sync"
	"testing"

	"github.com/polluxio/pollux/loop"
	"github.com/polluxio/pollux/sock"
)

// Operations are the methods of sock.Socket that may have to wait. Each way to wait implements
// them.
type Operations interface {
	Recv(n, flags int) ([]byte, error)
	RecvInto(p []byte, flags int) (int, error)
	Recvfrom(n, flags int) ([]byte, sock.Addr, error)
	RecvfromInto(p []byte, flags int) (int, sock.Addr, error)
	Send(p []byte, flags int) (int, error)
	Sendall(p []byte, flags int) (int, error)
	Sendto(p []byte, flags int, to sock.Addr) (int, error)
	Accept() (*sock.Socket, sock.Addr, error)
	Connect(to sock.Addr) error
	Recvmsg(bufsize, ancbufsize, flags int) (data []byte, ancillary []sock.Control, msgFlags int, from sock.Addr, err error)
	RecvmsgInto(buffers [][]byte, ancbufsize, flags int) (n int, ancillary []sock.Control, msgFlags int, from sock.Addr, err error)
	Sendmsg(buffers [][]byte, ancillary []sock.Control, flags int, to sock.Addr) (int, error)
	RecvError(p []byte) (sock.QueuedMessage, error)
	Sendfile(file io.Reader, offset, count int64) (int64, error)
	RecvBatch(ms []sock.Datagram, flags int) (int, error)
	SendBatch(ms []sock.Datagram, flags int) (int, error)
	Splice(from *sock.Socket, count int64) (int64, error)
}

var (
	_ Operations = (*sock.Socket)(nil)
	_ Operations = inTask{}
	_ Operations = byFuture{}
)

// A way is one of the ways to wait.
type way struct {
	Name      string
	CanCancel bool // false for a goroutine without a context
	on        func(*Waiter, *sock.Socket) Operations
}

var ways = []way{
	{"goroutine", false, func(_ *Waiter, s *sock.Socket) Operations { return s }},
	{"context", true, func(w *Waiter, s *sock.Socket) Operations { return s.With(w.context()) }},
	{"task", true, func(w *Waiter, s *sock.Socket) Operations { return inTask{w, s, nil} }},
	{"task and context", true, func(w *Waiter, s *sock.Socket) Operations { return inTask{w, s, w.context()} }},
	{"future", true, func(w *Waiter, s *sock.Socket) Operations { return byFuture{w, s, false} }},
	{"future in a task", true, func(w *Waiter, s *sock.Socket) Operations { return byFuture{w, s, true} }},
}

// A Waiter waits for operations in one way. The goroutine of the test starts all of them. An
// operation that needs a task runs in a new task until its end.
type Waiter struct {
	way
	t      testing.TB
	mu     sync.Mutex
	cancel func() // mu; ends the current operation, or nil
}

// EachWaiter runs the scenario once for each way to wait, with the leak check.
func EachWaiter(t *testing.T, scenario func(*testing.T, *Waiter)) {
	t.Helper()
	each(t, ways, scenario)
}

// EachCanceler is EachWaiter for the ways that can cancel.
func EachCanceler(t *testing.T, scenario func(*testing.T, *Waiter)) {
	t.Helper()
	each(t, slices.DeleteFunc(slices.Clone(ways), func(w way) bool { return !w.CanCancel }), scenario)
}

func each(t *testing.T, ways []way, scenario func(*testing.T, *Waiter)) {
	t.Helper()
	for _, way := range ways {
		t.Run(way.Name, func(t *testing.T) {
			Check(t)
			scenario(t, &Waiter{way: way, t: t})
		})
	}
}

// On returns the operations of s, which wait in the way of w.
func (w *Waiter) On(s *sock.Socket) Operations {
	w.setCancel(nil)
	return w.on(w, s)
}

// Cancel ends the current operation with context.Canceled.
func (w *Waiter) Cancel() {
	w.t.Helper()
	var cancel func()
	Await(w.t, "something to cancel", func() bool {
		w.mu.Lock()
		defer w.mu.Unlock()
		cancel, w.cancel = w.cancel, nil
		return cancel != nil
	})
	cancel()
}

func (w *Waiter) setCancel(cancel func()) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.cancel = cancel
}

// context returns a context that Cancel ends.
func (w *Waiter) context() context.Context {
	ctx, cancel := context.WithCancel(context.Background())
	w.t.Cleanup(cancel)
	w.setCancel(cancel)
	return ctx
}

// inTask runs fn in a task on any loop, which may be another than that of the socket.
func (w *Waiter) inTask(fn func(*loop.Task)) {
	r, err := loop.Default()
	if err == nil {
		err = r.Next().Go(fn).Wait(context.Background())
	}
	if err != nil {
		w.t.Errorf("task: %v", err)
	}
}

// AwaitWaiting waits until an operation on s is blocked. s must not be on a loop before: it joins
// one when an operation blocks.
func AwaitWaiting(t testing.TB, s *sock.Socket) {
	t.Helper()
	Await(t, "an operation that waits", func() bool { return s.Loop() != nil })
}

// inTask runs each operation in a task, and with a context if ctx is not nil.
type inTask struct {
	w   *Waiter
	s   *sock.Socket
	ctx context.Context
}

func (o inTask) do(op func(*sock.Socket)) {
	o.w.inTask(func(t *loop.Task) {
		view := o.s.In(t)
		if o.ctx != nil {
			view = view.With(o.ctx)
		} else {
			o.w.setCancel(func() {
				t.Cancel()
				heard := make(chan struct{})
				if t.Loop().Post(func() { close(heard) }) == nil {
					<-heard
				}
			})
		}
		op(view)
	})
}

func (o inTask) Recv(n, flags int) (p []byte, err error) {
	o.do(func(s *sock.Socket) { p, err = s.Recv(n, flags) })
	return p, err
}

func (o inTask) RecvInto(p []byte, flags int) (n int, err error) {
	o.do(func(s *sock.Socket) { n, err = s.RecvInto(p, flags) })
	return n, err
}

// RecvBuffer has no future, so byFuture does not have this method.
func (o inTask) RecvBuffer(b *sock.Buffers, flags int) (p []byte, err error) {
	o.do(func(s *sock.Socket) { p, err = s.RecvBuffer(b, flags) })
	return p, err
}

func (o inTask) Recvfrom(n, flags int) (p []byte, from sock.Addr, err error) {
	o.do(func(s *sock.Socket) { p, from, err = s.Recvfrom(n, flags) })
	return p, from, err
}

func (o inTask) RecvfromInto(p []byte, flags int) (n int, from sock.Addr, err error) {
	o.do(func(s *sock.Socket) { n, from, err = s.RecvfromInto(p, flags) })
	return n, from, err
}

func (o inTask) Send(p []byte, flags int) (n int, err error) {
	o.do(func(s *sock.Socket) { n, err = s.Send(p, flags) })
	return n, err
}

func (o inTask) Sendall(p []byte, flags int) (n int, err error) {
	o.do(func(s *sock.Socket) { n, err = s.Sendall(p, flags) })
	return n, err
}

func (o inTask) Sendto(p []byte, flags int, to sock.Addr) (n int, err error) {
	o.do(func(s *sock.Socket) { n, err = s.Sendto(p, flags, to) })
	return n, err
}

func (o inTask) Accept() (c *sock.Socket, from sock.Addr, err error) {
	o.do(func(s *sock.Socket) {
		if c, from, err = s.Accept(); err == nil {
			var none context.Context
			c = c.In(nil).With(none) // this task ends here
		}
	})
	return c, from, err
}

func (o inTask) Connect(to sock.Addr) (err error) {
	o.do(func(s *sock.Socket) { err = s.Connect(to) })
	return err
}

// byFuture starts each operation without waiting, and then waits for its future.
type byFuture struct {
	w     *Waiter
	s     *sock.Socket
	await bool // in a task
}

// wait returns the result of f.
func wait[T any](o byFuture, f loop.Future[T]) (v T, err error) {
	o.w.setCancel(f.Cancel)
	if !o.await {
		return f.Wait(context.Background())
	}
	o.w.inTask(func(t *loop.Task) { v, err = f.Await(t) })
	return v, err
}

func (o byFuture) Recv(n, flags int) ([]byte, error) { return wait(o, o.s.Async().Recv(n, flags)) }

func (o byFuture) RecvInto(p []byte, flags int) (int, error) {
	return wait(o, o.s.Async().RecvInto(p, flags))
}

func (o byFuture) Recvfrom(n, flags int) ([]byte, sock.Addr, error) {
	r, err := wait(o, o.s.Async().Recvfrom(n, flags))
	return r.Data, r.From, err
}

func (o byFuture) RecvfromInto(p []byte, flags int) (int, sock.Addr, error) {
	r, err := wait(o, o.s.Async().RecvfromInto(p, flags))
	return r.N, r.From, err
}

func (o byFuture) Send(p []byte, flags int) (int, error) { return wait(o, o.s.Async().Send(p, flags)) }

func (o byFuture) Sendall(p []byte, flags int) (int, error) {
	return wait(o, o.s.Async().Sendall(p, flags))
}

func (o byFuture) Sendto(p []byte, flags int, to sock.Addr) (int, error) {
	return wait(o, o.s.Async().Sendto(p, flags, to))
}

func (o byFuture) Accept() (*sock.Socket, sock.Addr, error) {
	r, err := wait(o, o.s.Async().Accept())
	return r.Socket, r.From, err
}

func (o byFuture) Connect(to sock.Addr) error {
	_, err := wait(o, o.s.Async().Connect(to))
	return err
}
