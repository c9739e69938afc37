package loop

import (
	"context"
	"errors"
	"iter"
	"net"
	"time"
)

// A Task is a coroutine on a loop: straight-line code at the price of a callback. Only one runs at
// a time, on the loop's turn, and it runs until it waits, so tasks of one loop need no locks among
// themselves.
//
// A task must not block on anything foreign (a channel, a mutex held elsewhere, a disk): the whole
// loop would stand. For that there is Do.
//
//	made ──▶ ready ──turn──▶ running ──wait──▶ suspended ──settled──▶ ready
//	                           └──returned, panicked──▶ ended
type Task struct {
	wait Op // of a wait for a descriptor
	loop *Loop

	// Of the loop's goroutine, on which the coroutine was made: a thread-locked goroutine may
	// resume no other.
	next      func() (struct{}, bool) // runs the task until it waits or ends
	yield     func(struct{}) bool     // goes on in the loop; of the task
	suspended bool
	ended     bool
	op        *Op         // what it is suspended on, if that is an operation
	waits     *completion // or a future
	ender     func(error) // or a function that can be asked to end
	scope     *scope      // of Within, the innermost
	spent     int         // since it was resumed
	turns     int         // counts its waits for operations

	// canceled is what Cancel said, once, for the wait that is on or the next one.
	canceled error
	done     *completion
}

// Go runs fn as a task on l, from the last step of a turn on. A panic in fn is logged and ends the
// task.
//
// On a closed loop fn does not run, and Wait returns net.ErrClosed.
func (l *Loop) Go(fn func(t *Task)) *Task {
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
	t.next, _ = iter.Pull(func(yield func(struct{}) bool) {
		t.yield = yield
		t.main(fn)
	})
	t.resume()
}

// resume runs the task until it waits or ends. A Goexit in it ends the loop's goroutine too, since
// iter.Pull passes it on. Loop only.
func (t *Task) resume() {
	t.spent, t.suspended = 0, false
	t.next()
}

// main is the bottom of the coroutine's stack.
//
//go:noinline
func (t *Task) main(fn func(*Task)) {
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

// ready has a suspended task resumed: on the loop's own goroutine, which is on's or nil, after what
// is being served just now, while what was touched is still in the caches; else from the run queue.
func (t *Task) ready(on *Loop) {
	if on == t.loop {
		on.woken = append(on.woken, t)
	} else {
		t.loop.post(work{task: t})
	}
}

// Loop is the loop it runs on.
func (t *Task) Loop() *Loop { return t.loop }

// errNotRunning is for a wait in the name of a task that is not the one that runs.
var errNotRunning = errors.New("loop: a task may wait only while it runs, from its own function")

// mayWait returns why the task must not wait: what Cancel said, or that the caller is not the task.
// It cannot notice another goroutine that waits in the task's name while the task runs.
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

// runs says whether the task runs now, as far as can be known.
func (t *Task) runs() bool { return !t.suspended && !t.ended && t.yield != nil }

// suspend gives the loop up until what the task waits for has made it ready.
func (t *Task) suspend() {
	t.op, t.suspended = nil, true
	t.yield(struct{}{})
}

// suspendOn is suspend for an operation in a queue.
func (t *Task) suspendOn(o *Op) {
	t.turns++
	t.op, t.suspended = o, true
	t.yield(struct{}{})
	t.op = nil
}

// endBy makes ctx end the wait for o too, until the function that it returns is called.
func (t *Task) endBy(ctx context.Context, o *Op) (stop func() bool) {
	turn := t.turns + 1 // the wait that is about to begin
	return context.AfterFunc(ctx, func() {
		t.loop.post(work{fn: func() {
			// By now it may be another wait that the task is in, on an Op that was used again.
			if t.turns == turn && t.suspended && t.op == o {
				o.cancel(o.fd, context.Cause(ctx), nil)
			}
		}})
	})
}

// spend counts an operation that completed without waiting, and yields when the budget of a turn is
// used up. The task itself calls it.
func (t *Task) spend(out Outcome) {
	if t.spent += out.cost(); t.spent >= budget && t.runs() {
		t.Yield()
	}
}

// Yield lets everything else that is ready go first. It is for the task itself to call, and panics
// on a task that is waiting or has ended.
func (t *Task) Yield() {
	if !t.runs() {
		panic(errNotRunning)
	}
	t.loop.local = append(t.loop.local, work{task: t})
	t.suspend()
}

// Sleep suspends the task for d.
//
// Errors: net.ErrClosed at the end of the loop, the cause of Cancel.
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
// meanwhile. It returns fn's error, or a *PanicError. It always waits for fn to return, through
// Cancel and the end of the loop too, since fn may be using what the task owns.
//
// It is for the task itself to call: within fn, and on a task that is waiting or has ended, it
// returns an error and does not run fn.
func (t *Task) Do(fn func() error) error {
	if !t.runs() {
		return errNotRunning
	}
	return t.runElsewhere(t.loop.pool.run, fn)
}

// DoWith is Do for a function that waits: for sockets, with the context that it is given, or for
// others. It runs on a goroutine of its own, outside of the pool; what may block a thread in it
// goes through Loop.Do.
//
// The context ends as ctx does (nil: never), by the task's Cancel, and at the end of the loop, with
// the cause that a wait of the task itself would have returned. DoWith too waits for fn to return;
// a Cancel that fn has not returned as its error is for the task's next wait.
func (t *Task) DoWith(ctx context.Context, fn func(ctx context.Context) error) error {
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
		t.canceled = ended // it came too late for fn
	}
	return err
}

// runElsewhere suspends the task until fn, which run has run elsewhere, has returned.
func (t *Task) runElsewhere(run func(func()), fn func() error) error {
	err := errGoexit
	t.op, t.suspended = nil, true // as in suspend, but before fn can look
	run(func() {
		defer func() {
			if !t.loop.post(work{task: t}) {
				t.loop.log.Error("the end of the loop has left a task behind in Do or DoWith")
			}
		}()
		err = protect(fn)
	})
	t.yield(struct{}{})
	return err
}

// Cancel makes the wait that the task is in return context.Canceled, or else its next one; only
// that one. A Do goes on, and so the cancel is for the wait after it; of a DoWith it ends the
// context. A task that wants to end returns then.
func (t *Task) Cancel() {
	t.loop.post(work{fn: func() { t.end(context.Canceled) }})
}

// end cancels the task's wait with err. Loop only.
func (t *Task) end(err error) {
	if _, alive := t.loop.tasks[t]; !alive {
		return
	}
	switch {
	case t.suspended && t.op != nil && t.op.cancel(t.op.fd, err, nil):
	case t.suspended && t.waits != nil && t.waits.forsake(t, err):
	case t.suspended && t.ender != nil:
		t.ender(err)
	default:
		t.canceled = err
	}
}

// Done is a future that is settled when the task has ended: with nil, or with the *PanicError that
// ended it.
func (t *Task) Done() Future[struct{}] {
	return Future[struct{}]{c: t.done, p: new(struct{}), loop: t.loop}
}

// Wait blocks the calling goroutine until the task has ended or ctx has (then the task goes on).
// ErrOnLoop: see there.
func (t *Task) Wait(ctx context.Context) error {
	if !t.Done().Settled() {
		if err := refuseWait(); err != nil {
			return err
		}
	}
	_, err := t.done.park(ctx)
	return err
}
