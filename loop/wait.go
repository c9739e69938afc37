package loop

import (
	"context"
	"net"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"github.com/polluxio/pollux/timeouts"
)

// Do makes the attempt of o, waits as who says if it is not ready, and returns its error.
//
// who is nil or a context.Context: the calling goroutine is parked; a *Task or a *TaskContext: the task is suspended. A context
// that ends gives its cause, o.Deadline gives os.ErrDeadlineExceeded (ErrAgain if it is timeouts.Now), Close net.ErrClosed; in
// all these cases nothing was done, or the Attempt knows what. ErrOnLoop: see there.
func (fd *FD) Do(who any, o *Op) error {
	t, ctx := split(who)
	if err := mayWait(t, ctx); err != nil {
		return fd.refuse(o, err)
	}
	home := o.prepare(t)
	n := 0
	for {
		o.task = t
		on, moved, err := fd.begin(o, home)
		n += moved
		if on == nil {
			o.task = nil
			if t != nil {
				t.Spend(n)
			}
			return err
		}
		if o.wait(t, ctx, on); !o.Entered {
			return o.err
		}
	}
}

// Await gives the lane to the caller for an attempt of its own, as Enter does, and waits for it as who says, see Do, while there is
// reason to think that an attempt would come to nothing. held says that the lane is the caller's already, and that its attempt came
// to ErrAgain.
//
// timeout is how long the operation may wait in all; below 0: for ever; who may not wait at all calls EnterNow. It begins when the
// operation first has to wait, which *deadline remembers from one Await to the next: 0 before the first.
//
// Errors: those of a wait, see Do; then the lane is not the caller's.
func (fd *FD) Await(who any, d Direction, timeout time.Duration, deadline *timeouts.Deadline, held bool) (sysfd int, err error) {
	t, ctx := split(who)
	if ctx != nil && ctx.Err() != nil { // not under the lock: it may be the user's code
		return -1, fd.giveUp(d, held, context.Cause(ctx))
	}
	var o *Op
	var on *Loop
	fd.mu.Lock()
	if !held && fd.onlyEdge(d) && (t == nil || t.loop == fd.loop && t.canceled == nil && t.runs()) {
		// What happens mostly.
		if t == nil {
			o = parkings.Get().(*Op)
		} else {
			o = &t.attempt // it is in no use: the task runs
		}
		o.prepare(t)
		o.Lane, o.Deadline, o.Entered, o.task = d, timeouts.Never, false, t
		if timeout >= 0 {
			o.Deadline = fd.began(timeout, deadline)
			fd.laneTimer(d).arm(o.Deadline)
		}
		fd.push(o)
		on = fd.loop
		fd.mu.Unlock()
	} else if o, on, sysfd, err = fd.line(t, d, timeout, deadline, held); o == nil {
		return sysfd, err
	}
	switch {
	case ctx != nil:
		o.wait(t, ctx, on)
	case t != nil: // as o.wait, and so the next: with fewer returns to be made, see giveUp
		t.settleDown(o)
		t.giveUp()
		t.op = nil
	default:
		o.here()
		if err := on.refuseWait(); err != nil {
			o.cancel(o.fd, err, nil)
		}
		<-o.ch
	}
	if !o.Entered {
		err = o.err
	}
	if t == nil {
		parkings.Put(o)
	}
	if err != nil {
		return -1, err
	}
	if sysfd = int(atomic.LoadInt32(&fd.sysfd)); sysfd < 0 { // by Detach; else it stays what it is while the lane is ours
		return -1, fd.giveUp(d, true, net.ErrClosed)
	}
	return sysfd, nil
}

// onlyEdge says that there is nothing to be had in the lane until the next edge, for nobody else either who would be before. mu is held.
func (fd *FD) onlyEdge(d Direction) bool {
	return fd.state&(fdClosed|fdWatched|lane(d, laneBusy|laneBlocked)) == lane(d, laneBlocked) && fd.queue[d] == nil
}

// line is what Await does before its wait, and returns the operation that waits, in the queue of a loop; or nil, and then what Await
// returns. mu is held, and is given up.
func (fd *FD) line(t *Task, d Direction, timeout time.Duration, deadline *timeouts.Deadline, held bool) (o *Op, on *Loop, sysfd int, err error) {
	if !held {
		err = fd.mayTry(d, false)
	} else {
		fd.conclude(d, false, Outcome{}, ErrAgain)
		if fd.state&fdClosed != 0 {
			err = net.ErrClosed
		} else if fd.state&lane(d, laneReady) == 0 || fd.late(fd.began(timeout, deadline)) {
			err = ErrAgain
		}
	}
	if err == nil {
		fd.state = fd.state&^lane(d, laneReady) | lane(d, laneBusy)
		sysfd = int(fd.sysfd)
		fd.mu.Unlock()
		return nil, nil, sysfd, nil
	}
	if err == ErrAgain {
		if t == nil {
			o, err = parkings.Get().(*Op), nil
		} else {
			o, err = &t.attempt, t.mayWait()
		}
		if err == nil {
			home := o.prepare(t)
			if err = fd.joinToWait(home); err == nil {
				o.Lane, o.Deadline, o.Entered, o.task = d, fd.began(timeout, deadline), false, t
				err = fd.enqueue(o, home, held, Outcome{})
			}
		}
	}
	if err != nil {
		fd.unlockLane(d)
		if t == nil && o != nil {
			parkings.Put(o)
		}
		return nil, nil, -1, err
	}
	on = fd.loop
	fd.mu.Unlock()
	return o, on, 0, nil
}

// joinToWait is join for who waits then.
func (fd *FD) joinToWait(home *Loop) error {
	if fd.loop == nil && home == nil {
		if err := refuseFirstWait(); err != nil {
			return err
		}
	}
	return fd.join(home)
}

// began returns the deadline of who has to wait, and begins his time if that has not begun. mu is held; fd is on a loop.
func (fd *FD) began(timeout time.Duration, deadline *timeouts.Deadline) timeouts.Deadline {
	if *deadline == 0 {
		*deadline = timeouts.Never
		if timeout >= 0 {
			*deadline = fd.loop.clock.Now().Add(timeout)
		}
	}
	return *deadline
}

// late says that the time of one who has tried is over. The timer may find the lane in the hands of who tries, over and over: an attempt can
// make an edge itself (AF_ALG's do). mu is held; fd is on a loop.
func (fd *FD) late(deadline timeouts.Deadline) bool {
	return deadline != timeouts.Never && deadline <= fd.loop.clock.Now()
}

// giveUp leaves the lane, if it is the caller's, for err.
func (fd *FD) giveUp(d Direction, held bool, err error) error {
	if held {
		fd.Leave(d, false, Outcome{}, nil)
	}
	return err
}

// parkings are the Ops of goroutines in Await; a task has its own.
var parkings = sync.Pool{New: func() any { return new(Op) }}

// split says who waits: a task, or a goroutine if that is nil, and until when.
func split(who any) (t *Task, ctx context.Context) {
	switch who := who.(type) {
	case nil:
	case *Task:
		t = who
	case *TaskContext:
		t, ctx = who.Task, who.Context
	case context.Context:
		ctx = who
	}
	if ctx != nil && ctx.Done() == nil {
		ctx = nil
	}
	return t, ctx
}

// mayWait returns why the caller must not wait: the cause of a context that has ended; the task's Cancel.
func mayWait(t *Task, ctx context.Context) error {
	if ctx != nil && ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if t != nil {
		return t.mayWait()
	}
	return nil
}

// prepare makes the caller the one who is told. home is as in begin.
func (o *Op) prepare(t *Task) (home *Loop) {
	o.start = false
	if t != nil {
		return t.loop
	}
	if o.ch == nil {
		o.ch = make(chan struct{}, 1)
	}
	return nil
}

// wait is over when o is settled, or when the lane is the caller's: then o is Entered.
func (o *Op) wait(t *Task, ctx context.Context, on *Loop) {
	if t != nil {
		t.settleDown(o)
		if ctx != nil {
			defer t.endBy(ctx, o)()
		}
		t.giveUp()
		t.op = nil
		return
	}
	o.here()
	if err := on.refuseWait(); err != nil {
		o.cancel(o.fd, err, nil)
	}
	o.park(ctx)
}

// refuse ends an operation that did not begin, and gives up the lane if it was its own.
func (fd *FD) refuse(o *Op, err error) error {
	if o.Entered {
		o.Entered = false
		fd.Leave(o.Lane, o.Blind, Outcome{}, nil)
	}
	return err
}

// begin tries o if nobody is before it, and queues it if it has to wait and may. The lane is o's from the first attempt until then,
// so that what has been done in part is not mixed with what others do. on is the loop on which it is queued, or nil; n is how many
// bytes moved.
//
// home is the loop to join if it is on none; if home is not nil this is its goroutine, which has others to serve too.
func (fd *FD) begin(o *Op, home *Loop) (on *Loop, n int, err error) {
	fd.mu.Lock()
	if o.Entered {
		o.Entered = false
		if fd.state&fdKeep != 0 { // the descriptor is another's
			fd.conclude(o.Lane, o.Blind, Outcome{}, nil)
			err = net.ErrClosed
		}
	} else {
		err = fd.mayTry(o.Lane, o.Blind)
		if err == ErrAgain && o.Deadline == timeouts.Now && fd.doubt(o.Lane) {
			err = nil
		}
	}
	tried := err == nil
	var out Outcome
	for err == nil {
		fd.state = fd.state&^lane(o.Lane, laneReady) | lane(o.Lane, laneBusy)
		sysfd := int(fd.sysfd)
		fd.mu.Unlock()

		out, err = o.try(sysfd)
		n += out.N

		fd.mu.Lock()
		if fd.lend(out, &err, nil) {
			fd.mu.Unlock()
			return nil, n, nil
		}
		fd.conclude(o.Lane, o.Blind, out, err)
		if err != ErrAgain || fd.state&fdClosed != 0 {
			break
		}
		switch {
		case out.More && (home == nil || n < budget):
			if err = fd.withinBudget(o.Lane); err == nil {
				continue
			}
		case fd.state&lane(o.Lane, laneReady) != 0 && (o.Deadline == timeouts.Now || !fd.late(o.Deadline)):
			err = nil
		}
	}
	if err == ErrAgain && fd.state&fdClosed != 0 {
		err = net.ErrClosed
	}
	if err == ErrAgain && o.Deadline != timeouts.Now {
		if err = fd.enqueue(o, home, tried, out); err == nil {
			on = fd.loop
			fd.mu.Unlock()
			return on, n, nil
		}
	}
	fd.unlockLane(o.Lane)
	return nil, n, err
}

// lend says whether an attempt keeps the lane by Outcome.Hold. One that was ended meanwhile does not: then *err says by what. mu is held.
func (fd *FD) lend(out Outcome, err *error, canceled error) bool {
	switch {
	case !out.Hold || *err != nil:
		return false
	case fd.state&fdClosed != 0:
		*err = net.ErrClosed
		return false
	case canceled != nil:
		*err = canceled
		return false
	}
	fd.state |= fdLent
	fd.vain[Write] = 0 // it was writable, and what goes out now no Outcome tells
	return true
}

// enqueue puts o into its lane: at the front if it was tried, since those that are there came during the attempt. mu is held.
//
// Errors: those of join; os.ErrDeadlineExceeded if it was tried, and its time is over.
func (fd *FD) enqueue(o *Op, home *Loop, tried bool, out Outcome) error {
	if fd.loop == nil {
		if home == nil {
			home = o.Home
		}
		join := fd.joinToWait
		if o.start {
			join = fd.join // nobody waits yet
		}
		if err := join(home); err != nil {
			return err
		}
		if out.Retry != 0 {
			fd.backOff(o.Lane, out) // conclude could not, for lack of a loop
		}
	}
	if tried && !out.More && fd.late(o.Deadline) {
		return os.ErrDeadlineExceeded
	}
	if o.start {
		o.future = &completion{op: o, fd: fd}
	}
	last := fd.queue[o.Lane]
	fd.push(o)
	if tried && last != nil {
		fd.queue[o.Lane] = last // o is behind the last, and so it is the first
	}
	if out.More {
		fd.again(nil)
	} else if tried && o.next != o && out.Retry == 0 {
		fd.tellRest(o.Lane, nil)
	}
	if o.Deadline != timeouts.Never {
		fd.laneTimer(o.Lane).arm(o.Deadline)
	}
	return nil
}
