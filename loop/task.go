package loop

import (
	"context"
	"errors"
	"iter"
	"net"
	"time"
)

// A Task is a coroutine on a loop: straight-line code at the cost of a callback. The loop runs one
// task at a time, in its turn, until the task waits. So the tasks of one loop need no locks among
// themselves.
//
// A task must not block on anything outside of its loop, such as a channel, a mutex or a disk: that
// would stop the whole loop. Use Do for such calls.
//
//	made ──▶ ready ──turn──▶ running ──wait──▶ suspended ──settled──▶ ready
//	                           └──returned, panicked──▶ ended
type Task struct {
	wait entry // for waits on a descriptor
	loop *Loop

	// The loop's goroutine owns the fields below. It has made the coroutine: a thread-locked
	// goroutine may resume only coroutines that it has made.
	next      func() (struct{}, bool) // runs the task until it waits or ends
	yield     func(struct{}) bool     // gives control back to the loop; the task calls it
	suspended bool
	ended     bool
	on        *entry      // the operation that it is suspended on, or nil
	waits     *completion // the future that it is suspended on, or nil
	ender     func(error) // ends the function that it is suspended on (DoWith), or nil
	scope     *scope      // the innermost scope of Within
	spent     int         // bytes of budget, since it was resumed
	turns     int         // counts its waits for operations

	// canceled is the error of Cancel for the present wait or the next one. That wait clears it.
	canceled error
	done     *completion
}

// Go runs fn as a task on l. It starts in the last step of a turn. A panic in fn is logged and ends
// the task.
//
// On a closed loop fn does not run, and Task.Wait returns net.ErrClosed. Go panics if fn is nil.
func (l *Loop) Go(fn func(t *Task)) *Task {
	need(fn != nil, "Go", "fn")
	t := &Task{loop: l, done: &completion{fixed: true}}
	if l.closed.Load() || !l.post(work{fn: func() { t.start(fn) }}) {
		t.done.settle(l.ended(net.ErrClosed))
	}
	return t
}

// start makes the coroutine and runs it until it first waits. Loop only.
func (t *Task) start(fn func(*Task)) {
	t.loop.tasks[t] = struct{}{}
	t.loop.alive.Add(1)
	t.next, _ = iter.Pull(t.main(fn))
	t.resume()
}

// resume runs the task until it waits or ends. runtime.Goexit in the task ends the loop's goroutine
// too, since iter.Pull passes it on. Loop only.
func (t *Task) resume() {
	t.spent, t.suspended = 0, false
	t.next()
}

// main returns the first function of the coroutine's stack. A coroutine begins with a stack of
// 2 KiB, so each function that is on it while the task waits should have a small frame.
//
//go:noinline
func (t *Task) main(fn func(*Task)) iter.Seq[struct{}] {
	return func(yield func(struct{}) bool) {
		t.yield = yield
		err := errGoexit
		defer func() {
			if v := recover(); v != nil {
				err = t.loop.contain(v, "panic in a task")
			}
			t.ended = true
			delete(t.loop.tasks, t)
			t.loop.alive.Add(-1)
			t.done.settle(err)
		}()
		fn(t)
		err = nil
	}
}

// ready queues a suspended task. on is the loop that runs on this goroutine, or nil. If on is the
// task's loop, the task runs right after the present event, while its data is in the caches.
// Otherwise it runs from the run queue.
func (t *Task) ready(on *Loop) {
	if on == t.loop {
		on.woken = append(on.woken, t)
	} else {
		t.loop.post(work{task: t})
	}
}

// Loop returns the loop of the task.
func (t *Task) Loop() *Loop { return t.loop }

// errNotRunning is returned by a wait that names a task which is not running.
var errNotRunning = errors.New("loop: a task may wait only while it runs, from its own function")

// mayWait returns the error if the task must not wait: that of Cancel, or errNotRunning if the
// caller is not the task. It cannot detect another goroutine that waits in the task's name while
// the task runs.
func (t *Task) mayWait() error {
	if t.canceled != nil {
		err := t.canceled
		t.canceled = nil
		return err
	}
	if !t.runs() {
		return errNotRunning
	}
	if t.scope != nil {
		return t.scope.passed()
	}
	return nil
}

// runs reports whether the task seems to be running. It cannot tell which goroutine asks.
func (t *Task) runs() bool { return !t.suspended && !t.ended && t.yield != nil }

// suspend gives control to the loop until the task is ready again.
func (t *Task) suspend() {
	t.on, t.suspended = nil, true
	t.yield(struct{}{})
}

// suspendOn is suspend for an operation in a queue.
func (t *Task) suspendOn(e *entry) {
	t.turns++
	t.on, t.suspended = e, true
	t.yield(struct{}{})
	t.on = nil
}

// endBy makes the end of ctx cancel the wait for e, until the returned function is called.
func (t *Task) endBy(ctx context.Context, e *entry) (stop func() bool) {
	turn := t.turns + 1 // the wait that begins next
	return context.AfterFunc(ctx, func() {
		t.loop.post(work{fn: func() {
			// The task may be in another wait by now, with the same entry.
			if t.turns == turn && t.suspended && t.on == e {
				e.cancel(e.fd, context.Cause(ctx), nil)
			}
		}})
	})
}

// spend counts an operation that completed without a wait. When the budget of a turn is spent, the
// task yields. Only the task itself calls it.
func (t *Task) spend(out *Outcome) {
	if t.spent += out.cost(); t.spent >= budget {
		t.rest()
	}
}

// rest is the rare part of spend, so that spend itself needs no stack.
func (t *Task) rest() {
	if t.runs() {
		t.Yield()
	}
}

// Yield lets everything else that is ready run first. Only the task itself may call it. It panics
// if the task waits or has ended.
func (t *Task) Yield() {
	if !t.runs() {
		panic(errNotRunning)
	}
	t.loop.local = append(t.loop.local, work{task: t})
	t.suspend()
}

// Sleep suspends the task for d.
//
// Errors: net.ErrClosed at the end of the loop; context.Canceled after Cancel.
func (t *Task) Sleep(d time.Duration) error {
	p := NewPromise[struct{}](t.loop)
	timer := t.loop.After(d, func() { p.Resolve(struct{}{}) })
	_, err := p.Future().Await(t)
	if err != nil {
		timer.Stop()
	}
	return err
}

// Do runs fn, which may block, on a pool of goroutines (see Config.Workers), and suspends the task
// until fn has returned. It returns fn's error, or a *PanicError. Cancel and the end of the loop do
// not end a Do: fn may be using data of the task.
//
// Only the task itself may call Do. Inside fn, on a task that waits or has ended, and with a nil
// fn, Do returns an error and does not run fn.
func (t *Task) Do(fn func() error) error {
	switch {
	case fn == nil:
		return missing("Task.Do", "fn")
	case !t.runs():
		return errNotRunning
	}
	return t.runElsewhere(t.loop.pool.run, fn)
}

// DoWith is Do for a function that waits, for example for sockets with the given context. fn runs
// on a goroutine of its own, outside of the pool. Calls in fn that block a thread should go through
// Loop.Do.
//
// The context of fn ends when ctx ends (a nil ctx never ends), at the task's Cancel, and at the end
// of the loop. Its cause is the error that a wait of the task would have returned. DoWith waits
// until fn has returned. If fn does not return the error of a Cancel, the task's next wait returns
// it. With a nil fn, DoWith returns an error.
func (t *Task) DoWith(ctx context.Context, fn func(ctx context.Context) error) error {
	if fn == nil {
		return missing("Task.DoWith", "fn")
	}
	if err := t.mayWait(); err != nil {
		return err
	}
	if ctx == nil {
		ctx = context.Background()
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var ended error
	t.ender = func(err error) {
		ended = err
		cancel(err)
	}
	err := t.runElsewhere(func(fn func()) { go fn() }, func() error { return fn(ctx) })
	if t.ender = nil; ended != nil && !errors.Is(err, ended) {
		t.canceled = ended // fn did not see the cancel in time
	}
	return err
}

// runElsewhere suspends the task until fn has returned. run runs fn on another goroutine.
func (t *Task) runElsewhere(run func(func()), fn func() error) error {
	err := errGoexit
	t.on, t.suspended = nil, true // as in suspend, but before fn can look at the task
	run(func() {
		defer func() {
			if !t.loop.post(work{task: t}) {
				t.loop.log.Error("the loop ended while a task was in Do or DoWith")
			}
		}()
		err = protect(fn)
	})
	t.yield(struct{}{})
	return err
}

// Cancel makes the present wait of the task return context.Canceled, or its next wait if it is not
// waiting. It ends only one wait. A Do continues, and the wait after it is canceled. For a DoWith,
// Cancel ends the context. A task that wants to end after a Cancel returns from its function.
func (t *Task) Cancel() {
	t.loop.post(work{fn: func() { t.end(context.Canceled) }})
}

// end cancels the task's wait with err. Loop only.
func (t *Task) end(err error) {
	if _, alive := t.loop.tasks[t]; !alive {
		return
	}
	switch {
	case t.suspended && t.on != nil && t.on.cancel(t.on.fd, err, nil):
	case t.suspended && t.waits != nil && t.waits.forsake(t, err):
	case t.suspended && t.ender != nil:
		t.ender(err)
	default:
		t.canceled = err
	}
}

// Done returns a future that is settled when the task has ended: with a nil error, or with the
// *PanicError that ended the task.
func (t *Task) Done() Future[struct{}] {
	return Future[struct{}]{c: t.done, p: new(struct{}), loop: t.loop}
}

// Wait blocks the calling goroutine until the task has ended, or until ctx has ended: then the task
// continues. A nil ctx never ends.
//
// Errors: the *PanicError that ended the task, or an error if runtime.Goexit ended it; the cause of
// ctx; net.ErrClosed if the loop was closed; ErrOnLoop on a loop's goroutine.
func (t *Task) Wait(ctx context.Context) error {
	if !t.Done().Settled() {
		if err := refuseWait(); err != nil {
			return err
		}
	}
	_, err := t.done.park(ctx)
	return err
}
