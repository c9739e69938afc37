package loop

import (
	"context"
	"maps"
	"net"
	"slices"
	"sync"
)

// A Future gives the result of one operation, which is settled once. It is a value. A Future that
// is settled when it is made allocates nothing.
type Future[T any] struct {
	val  T
	err  error
	c    *completion // nil: val and err hold the result
	p    *T          // if c is not nil: points to the result once c is settled
	loop *Loop       // the loop where Then runs; nil: one of the default reactor's
}

// Settled returns a future that has its result.
func Settled[T any](v T, err error) Future[T] { return Future[T]{val: v, err: err} }

// SettledOn is Settled for an operation on fd. Then runs on the loop of fd.
func SettledOn[T any](fd *FD, v T, err error) Future[T] {
	need(fd != nil, "SettledOn", "fd")
	return Future[T]{val: v, err: err, loop: fd.Loop()}
}

// Start makes the first attempt of o and returns a future of its result. The attempts fill *p,
// which becomes the value of the future. If o must wait and fd is on no loop, fd joins l. A nil l
// is one of the default reactor's loops. The caller must not touch o until the future is settled.
//
// The future of a wrong argument has an error: fd, o, o.Attempt and p must not be nil, and the lane
// of o must be Read or Write.
func Start[T any](fd *FD, l *Loop, o *Op, p *T) Future[T] {
	if err := badStart(fd, o, p == nil); err != nil {
		return Future[T]{err: err, loop: l}
	}
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

// badStart returns the error for a wrong argument of Start.
func badStart(fd *FD, o *Op, noResult bool) error {
	switch {
	case fd == nil:
		return missing("Start", "fd")
	case o == nil:
		return missing("Start", "o")
	case o.Attempt == nil:
		return missing("Start", "o.Attempt")
	case noResult:
		return missing("Start", "p")
	case o.Lane > Write:
		return badLane("Start", o.Lane)
	}
	return nil
}

// Settled reports whether the future has its result.
func (f Future[T]) Settled() bool {
	if f.c == nil {
		return true
	}
	return f.c.isSettled()
}

func (f Future[T]) result(err error) (T, error) { return *f.p, err }

// Wait blocks the calling goroutine until the future has its result. If ctx ends first, Wait
// cancels the operation, so the caller may use its buffer again when Wait returns. A promise
// without CancelBy and the end of a task are no operations: they continue. A nil ctx never ends.
//
// Errors: the operation's; the cause of ctx; ErrOnLoop, but not for a settled future: Wait then
// returns its result at once, also in a callback.
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

// Await suspends the task until the future has its result.
//
// Errors: the operation's; context.Canceled after Task.Cancel, or net.ErrClosed at the end of the
// task's loop: then the operation continues. An error for a nil t.
func (f Future[T]) Await(t *Task) (T, error) {
	if t == nil {
		return *new(T), missing("Future.Await", "t")
	}
	if f.c == nil {
		return f.val, f.err
	}
	if err := t.mayWait(); err != nil {
		return *new(T), err
	}
	err, forsaken := f.c.await(t)
	if forsaken {
		return *new(T), err // the operation continues and may be writing the result now
	}
	return f.result(err)
}

// Then runs fn on the loop once the future has its result, in the last step of a turn. Then never
// calls fn itself. If the loop has ended by then, or if there is no loop because the default
// reactor cannot start, fn runs on a goroutine of its own. Then panics if fn is nil.
func (f Future[T]) Then(fn func(T, error)) {
	need(fn != nil, "Future.Then", "fn")
	if f.c != nil {
		f.c.then(then{f.loop, func(err error) { fn(f.result(err)) }, nil})
		return
	}
	call := func() { fn(f.val, f.err) }
	if f.loop != nil {
		f.loop.later(call)
	} else if r, err := Default(); err == nil {
		r.Next().later(call)
	} else {
		go runApart(defaults.config().Logger, call)
	}
}

// Cancel ends the operation or the promise with context.Canceled, if it has not ended. It does not
// cancel a task: use Task.Cancel.
func (f Future[T]) Cancel() {
	if f.c != nil {
		f.c.cancel(context.Canceled)
	}
}

// A Promise settles a future that is not an operation on a descriptor.
type Promise[T any] struct {
	c   completion
	val T // written before c is settled
	l   *Loop
}

// NewPromise returns a promise whose Then functions run on l. NewPromise panics if l is nil.
func NewPromise[T any](l *Loop) *Promise[T] {
	need(l != nil, "NewPromise", "l")
	return &Promise[T]{l: l, c: completion{loop: l}}
}

// CancelBy makes the promise stand for an operation that other code carries out. A cancel of the
// promise then calls fn instead: Future.Cancel, the end of the context of a Wait, and the end of
// the loop. fn must make that code end soon and settle the promise with its result. fn may run more
// than once, on any goroutine. Call CancelBy before anything waits for the promise.
// A nil fn takes an earlier CancelBy back.
func (p *Promise[T]) CancelBy(fn func(why error)) { p.c.ender = fn }

// ResolveWith settles the promise with a value and an error: the progress of the operation, and the
// error that ended it. It returns true if the promise was not settled before.
func (p *Promise[T]) ResolveWith(v T, err error) bool {
	return p.c.settleWith(err, func() { p.val = v })
}

// Future returns the future that the promise settles.
func (p *Promise[T]) Future() Future[T] { return Future[T]{c: &p.c, p: &p.val, loop: p.l} }

// Resolve settles the promise with a value. Only the first call of Resolve, ResolveWith, Reject and
// Cancel has an effect. Resolve returns true if it was this call.
func (p *Promise[T]) Resolve(v T) bool { return p.c.settleWith(nil, func() { p.val = v }) }

// Reject settles the promise with an error. It returns true if the promise was not settled before.
// Reject panics if err is nil.
func (p *Promise[T]) Reject(err error) bool {
	need(err != nil, "Promise.Reject", "err")
	return p.c.settle(err)
}

// A completion is the shared state of the copies of a future. It is settled once, and then resumes
// every waiter.
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
	tracked bool          // mu; the promise is in the list of its loop
	op      *Op           // immutable; the operation that cancel ends; nil for a promise
	fd      *FD           // immutable; the FD of op
	loop    *Loop         // immutable; the loop of a promise; nil for an operation
	fixed   bool          // immutable; true for the end of a task: cancel has no effect
	ender   func(error)   // immutable; for a promise that stands for an operation: cancel calls it
}

type waiting struct {
	task     *Task
	err      *error // receives the error of the wait
	forsaken *bool  // set if that error is not the result's
}

type then struct {
	loop *Loop
	fn   func(error)
	by   *completion // the wait of a Select, which drops fn at its end; nil for Then
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
		c.op.entry.cancel(c.fd, err, c)
	case c.ender != nil:
		c.ender(err)
	case !c.fixed:
		c.settle(err)
	}
}

// park blocks the calling goroutine until c is settled, and returns the error of c. If ctx ends
// first, it returns true and the cause of ctx.
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

// track adds a promise that something waits for to the list of its loop. The end of the loop
// settles it. The caller holds mu.
func (c *completion) track() {
	if c.loop == nil || c.tracked {
		return
	}
	c.tracked = true
	switch c.loop.promised.add(c) {
	case promisesEnded:
		go c.settle(net.ErrClosed) // on another goroutine, since this one holds the lock
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

// untrack removes a promise from the list if nothing waits for it any more. The caller holds mu.
func (c *completion) untrack() {
	if c.tracked && c.parked == 0 && len(c.tasks) == 0 && len(c.thens) == 0 {
		c.tracked = false
		c.loop.promised.remove(c)
	}
}

// promises holds the promises of a loop that something waits for. The end of the loop settles them.
// It first cancels those that stand for an operation, and settles them when the tasks have ended
// that may carry the operation out. So the waiter sees the end only after the operation is over.
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

// add takes c in, unless the loop has ended and cannot settle it, and returns the state.
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

// become sets the state and returns the promises in the list.
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

// forsake ends t's wait with err, if t still waits. c is not settled by this. Loop only.
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

func (c *completion) then(t then) {
	c.mu.Lock()
	if !c.settled {
		c.thens = append(c.thens, t)
		c.track()
		c.mu.Unlock()
		return
	}
	err := c.err
	c.mu.Unlock()
	t.loop.later(func() { t.fn(err) })
}

// drop removes what a Select waits for.
func (c *completion) drop(by *completion) {
	c.mu.Lock()
	c.thens = slices.DeleteFunc(c.thens, func(t then) bool { return t.by == by })
	c.untrack()
	c.mu.Unlock()
}
