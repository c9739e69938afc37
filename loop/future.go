package loop

import (
	"context"
	"maps"
	"net"
	"slices"
	"sync"
)

// A Future is the result of one operation, settled once. It is a value, and one that is settled at
// birth allocates nothing.
type Future[T any] struct {
	val  T
	err  error
	c    *completion // nil: val and err are the result
	p    *T          // with c: where the result is once c is settled
	loop *Loop       // where Then runs; nil: any of the default reactor
}

// Settled is a future that has its result.
func Settled[T any](v T, err error) Future[T] { return Future[T]{val: v, err: err} }

// SettledOn is Settled for an operation on fd, on whose loop Then runs.
func SettledOn[T any](fd *FD, v T, err error) Future[T] {
	return Future[T]{val: v, err: err, loop: fd.Loop()}
}

// Start makes the attempt of o and gives a future of what comes of it, with *p as its value, which
// the attempt fills. If fd is on no loop and o must wait, it joins l (nil: one of the default
// reactor's). o must stay untouched until the future is settled.
func Start[T any](fd *FD, l *Loop, o *Op, p *T) Future[T] {
	on, err := fd.start(o, l)
	if on == nil {
		if has := fd.Loop(); has != nil {
			l = has
		}
		if err != nil && o.Wrap != nil {
			sysfd, closed := fd.Acquire()
			err = o.Wrap(err, sysfd)
			if closed == nil {
				fd.Release()
			}
		}
		return Future[T]{val: *p, err: err, loop: l}
	}
	return Future[T]{c: o.future, p: p, loop: on} // only this goroutine may use o until it is settled
}

// Settled says whether the result is there.
func (f Future[T]) Settled() bool {
	if f.c == nil {
		return true
	}
	return f.c.isSettled()
}

func (f Future[T]) result(err error) (T, error) { return *f.p, err }

// Wait blocks the calling goroutine until the result is there. If ctx ends first, the operation is
// canceled, so that its buffer is the caller's again when Wait returns; what is no operation, a
// promise or the end of a task, goes on.
//
// Errors: the operation's; the cause of ctx; ErrOnLoop.
func (f Future[T]) Wait(ctx context.Context) (T, error) {
	if f.c == nil {
		return f.val, f.err
	}
	if !f.Settled() {
		if err := refuseWait(); err != nil {
			return *new(T), err
		}
	}
	interrupted, err := f.c.park(ctx)
	if interrupted && f.c.op == nil && f.c.ender == nil {
		return *new(T), err
	}
	if interrupted {
		f.c.cancel(err)
		_, err = f.c.park(context.Background())
	}
	return f.result(err)
}

// Await suspends the task until the result is there.
//
// Errors: the operation's; the cause of the task's Cancel, and then the operation goes on.
func (f Future[T]) Await(t *Task) (T, error) {
	if f.c == nil {
		return f.val, f.err
	}
	if err := t.mayWait(); err != nil {
		return *new(T), err
	}
	err, forsaken := f.c.await(t)
	if forsaken {
		return *new(T), err // what goes on may be writing the result just now
	}
	return f.result(err)
}

// Then runs fn on the loop once the result is there, in the last step of a turn; never at once. On
// a loop that is closed by then, it does not run.
func (f Future[T]) Then(fn func(T, error)) {
	if f.c != nil {
		f.c.then(f.loop, func(err error) { fn(f.result(err)) })
		return
	}
	l := f.loop
	if l == nil {
		r, err := Default()
		if err != nil {
			return
		}
		l = r.Next()
	}
	l.later(func() { fn(f.val, f.err) })
}

// Cancel ends the operation, or the promise, with context.Canceled if it has not ended yet. It does
// not cancel a task: use Task.Cancel.
func (f Future[T]) Cancel() {
	if f.c != nil {
		f.c.cancel(context.Canceled)
	}
}

// A Promise is the other end of a future that is not an operation on a descriptor.
type Promise[T any] struct {
	c   completion
	val T // written before c is settled
	l   *Loop
}

// NewPromise makes a promise whose Then functions run on l, which must not be nil.
func NewPromise[T any](l *Loop) *Promise[T] { return &Promise[T]{l: l, c: completion{loop: l}} }

// CancelBy makes the promise stand for an operation that other code carries out. fn is called in
// place of canceling the promise: by Cancel, when the context of a Wait ends, and at the end of the
// loop. fn makes that code end soon and settle the promise with its result. It may be called more
// than once, from any goroutine. CancelBy must be called before anything waits.
func (p *Promise[T]) CancelBy(fn func(why error)) { p.c.ender = fn }

// ResolveWith settles it with a value beside an error: how far the operation came, and what ended
// it. See Resolve.
func (p *Promise[T]) ResolveWith(v T, err error) bool {
	return p.c.settleWith(err, func() { p.val = v })
}

// Future is what the promise settles.
func (p *Promise[T]) Future() Future[T] { return Future[T]{c: &p.c, p: &p.val, loop: p.l} }

// Resolve settles it with a value. Only the first of Resolve, Reject and Cancel counts; it returns
// whether it was this.
func (p *Promise[T]) Resolve(v T) bool { return p.c.settleWith(nil, func() { p.val = v }) }

// Reject settles it with an error, which must not be nil.
func (p *Promise[T]) Reject(err error) bool { return p.c.settle(err) }

// A completion is what futures share: settled once, then every waiter is resumed.
//
//	open ──settle, by the operation, the promise or cancel──▶ settled (final)
type completion struct {
	mu      sync.Mutex
	settled bool          // mu
	err     error         // mu until settled
	ch      chan struct{} // mu; made by the first goroutine that waits, closed when settled
	tasks   []waiting     // mu
	thens   []then        // mu
	parked  int           // mu; goroutines that wait
	tracked bool          // mu; by the loop of a promise
	op      *Op           // immutable; what cancel ends, nil for a promise
	fd      *FD           // immutable; of op
	loop    *Loop         // immutable; of a promise, nil for an operation
	fixed   bool          // immutable; the end of a task, which cancel does not make
	ender   func(error)   // immutable; what cancel calls, of a promise that stands for an operation
}

type waiting struct {
	task     *Task
	err      *error // where its wait's error goes
	forsaken *bool  // set if that is not the result's
}

type then struct {
	loop *Loop
	fn   func(error)
}

func (c *completion) isSettled() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.settled
}

func (c *completion) settle(err error) bool { return c.settleWith(err, nil) }

func (c *completion) settleWith(err error, store func()) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.settled {
		return false
	}
	if store != nil {
		store()
	}
	c.settled, c.err = true, err
	if c.ch != nil {
		close(c.ch)
	}
	for _, w := range c.tasks {
		*w.err = err
		w.task.ready(nil)
	}
	for _, t := range c.thens {
		t.loop.later(func() { t.fn(err) })
	}
	c.tasks, c.thens = nil, nil
	if c.tracked {
		c.tracked = false
		c.loop.promised.remove(c)
	}
	return true
}

func (c *completion) cancel(err error) {
	switch {
	case c.op != nil:
		c.op.cancel(c.fd, err, c)
	case c.ender != nil:
		c.ender(err)
	case !c.fixed:
		c.settle(err)
	}
}

// park blocks the calling goroutine until c is settled, and returns its error; or until ctx ends,
// and returns its cause.
func (c *completion) park(ctx context.Context) (interrupted bool, err error) {
	c.mu.Lock()
	if c.settled {
		defer c.mu.Unlock()
		return false, c.err
	}
	if c.ch == nil {
		c.ch = make(chan struct{})
	}
	c.parked++
	c.track()
	c.mu.Unlock()
	defer c.unpark()
	var done <-chan struct{}
	if ctx != nil {
		done = ctx.Done()
	}
	select {
	case <-c.ch:
		return false, c.err
	case <-done:
		return true, context.Cause(ctx)
	}
}

// await suspends t until c is settled or t is canceled.
func (c *completion) await(t *Task) (err error, forsaken bool) {
	c.mu.Lock()
	if c.settled {
		defer c.mu.Unlock()
		return c.err, false
	}
	c.tasks = append(c.tasks, waiting{t, &err, &forsaken})
	c.track()
	c.mu.Unlock()
	t.waits = c
	t.suspend()
	t.waits = nil
	return err, forsaken
}

// track lets the loop know of a promise that something waits for, so that the end of the loop
// settles it. mu is held.
func (c *completion) track() {
	if c.loop == nil || c.tracked {
		return
	}
	c.tracked = true
	switch c.loop.promised.add(c) {
	case promisesEnded:
		go c.settle(net.ErrClosed) // not here, under the lock
	case promisesEnding:
		if c.ender != nil {
			go c.ender(net.ErrClosed)
		} else {
			go c.settle(net.ErrClosed)
		}
	}
}

func (c *completion) unpark() {
	c.mu.Lock()
	c.parked--
	c.untrack()
	c.mu.Unlock()
}

// untrack makes the loop forget a promise that nothing waits for any more. mu is held.
func (c *completion) untrack() {
	if c.tracked && c.parked == 0 && len(c.tasks) == 0 && len(c.thens) == 0 {
		c.tracked = false
		c.loop.promised.remove(c)
	}
}

// promises are those of a loop that something waits for. At its end they are settled. One that
// stands for an operation is canceled first, and is settled when the tasks are gone that may carry
// the operation out: so its end is not seen before the operation is over.
//
//	open ──end──▶ ending ──last──▶ ended
type promises struct {
	mu      sync.Mutex
	state   promisesState            // mu
	waiting map[*completion]struct{} // mu
}

type promisesState uint8

const (
	promisesOpen promisesState = iota
	promisesEnding
	promisesEnded
)

// add takes c in, unless the loop cannot settle it any more, and returns the state.
func (ps *promises) add(c *completion) promisesState {
	ps.mu.Lock()
	defer ps.mu.Unlock()
	if ps.state != promisesEnded {
		if ps.waiting == nil {
			ps.waiting = make(map[*completion]struct{})
		}
		ps.waiting[c] = struct{}{}
	}
	return ps.state
}

func (ps *promises) remove(c *completion) {
	ps.mu.Lock()
	delete(ps.waiting, c)
	ps.mu.Unlock()
}

// become returns those that wait.
func (ps *promises) become(state promisesState) []*completion {
	ps.mu.Lock()
	defer ps.mu.Unlock()
	ps.state = state
	return slices.Collect(maps.Keys(ps.waiting))
}

func (ps *promises) end(err error) {
	for _, c := range ps.become(promisesEnding) {
		c.cancel(err)
	}
}

func (ps *promises) last(err error) {
	for _, c := range ps.become(promisesEnded) {
		c.settle(err)
	}
}

// forsake ends t's wait with err, if it still waits; c goes on. Loop only.
func (c *completion) forsake(t *Task, err error) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	for i, w := range c.tasks {
		if w.task == t {
			c.tasks = append(c.tasks[:i], c.tasks[i+1:]...)
			*w.err, *w.forsaken = err, true
			t.loop.local = append(t.loop.local, work{task: t})
			c.untrack()
			return true
		}
	}
	return false
}

func (c *completion) then(l *Loop, fn func(error)) {
	c.mu.Lock()
	if !c.settled {
		c.thens = append(c.thens, then{l, fn})
		c.track()
		c.mu.Unlock()
		return
	}
	err := c.err
	c.mu.Unlock()
	l.later(func() { fn(err) })
}
