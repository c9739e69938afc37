package loop

import (
	"net"
	"os"
	"sync"

	"github.com/polluxio/pollux/timeouts"
)

// Do makes the attempts of a until one is done, and returns the error of the last one. c sets how
// it waits between them.
//
// Errors: the cause of a context that has ended; os.ErrDeadlineExceeded after the timeout or the
// lane's deadline; ErrAgain with a timeout of 0; net.ErrClosed after Close. After one of these
// errors nothing was done, unless the Attempt has recorded a part. ErrOnLoop on a loop's goroutine.
func (fd *FD) Do(c *Call, a Attempt) error {
	c.begun, c.moved, c.looks, c.tried = false, 0, notYet, false // c may have been used before
	for {
		if err := fd.Begin(c); err != nil {
			return err
		}
		out, err := try(a, c.Sysfd)
		fd.End(c, out, err)
		if err != ErrAgain {
			return err
		}
	}
}

// Begin takes the lane for one attempt of the caller. It waits, as c allows, until an attempt may
// succeed. After a nil error the caller must make one attempt on c.Sysfd and call End.
//
// If the last attempt of c was ErrAgain, the operation keeps its place: no other operation runs
// between its attempts.
//
// Errors: os.ErrDeadlineExceeded; net.ErrClosed; the cause of a context or of Task.Cancel;
// ErrOnLoop; ErrAgain if c must not wait and the lane is taken, the attempt was ErrAgain, or the
// watcher's budget is spent. After an error the caller does not have the lane.
func (fd *FD) Begin(c *Call) error {
	if !c.tried && (c.Waiter.by != nil || checksWaits.Load()) {
		if err := c.refused(); err != nil {
			return err
		}
	}
	fd.mu.Lock()
	if !c.tried && fd.free(c.Lane) {
		fd.take(c)
		fd.mu.Unlock()
		return nil
	}
	// A goroutine begins with a stack of 2 KiB, and a stack that has grown for a moment stays
	// large. So all that needs stack has returned when the goroutine parks.
	waits, err := fd.proceed(c)
	if waits {
		waits, err = fd.line(c)
	}
	for waits {
		switch by := c.Waiter.by.(type) {
		case nil:
			<-c.op.ch
		case *Task:
			by.suspendOn(c.op)
		default:
			c.op.parkUntil(c.Waiter)
		}
		waits, err = fd.woken(c)
	}
	return err
}

// End gives the lane back with the result of the attempt. It never waits.
//
// After ErrAgain the operation is not over: the caller must call Begin again. Begin then waits, or
// returns the error that ends the operation.
func (fd *FD) End(c *Call, out Outcome, err error) {
	if err == ErrAgain {
		c.tried, c.out = true, out
		return
	}
	fd.mu.Lock()
	out.Retry = fd.retryFor(out.Retry)
	fd.conclude(c.Lane, c.Blind, out, err)
	t := c.Waiter.Task()
	tired := t == nil && err == nil && fd.ran()
	fd.release(c.Lane)
	c.end()
	switch {
	case t != nil && err == nil:
		t.spend(out)
	case tired && c.Timeout != 0:
		letOthersRun()
	}
}

// Lend announces that the caller keeps the write lane, which Begin gave it, for a call that takes
// long or blocks on a disk. Operations behind it wait, and their timeouts pass as usual. The caller
// gives the lane back with End.
//
// Error: net.ErrClosed. The caller then still has the lane, and must call End.
func (fd *FD) Lend() error {
	fd.mu.Lock()
	defer fd.mu.Unlock()
	if fd.state&fdClosed != 0 {
		return net.ErrClosed
	}
	fd.state |= fdLent
	fd.vain[Write] = 0 // the lane was writable, and no Outcome reports the bytes sent from now on
	return nil
}

// refused returns the error if the caller must not begin: a context has ended, or the caller is not
// the named task. In the debug mode (see Config.Debug) it also refuses a call that could block a
// loop, even if this call would complete at once.
func (c *Call) refused() error {
	t := c.Waiter.Task()
	switch {
	case t != nil && !t.runs():
		return errNotRunning
	case t == nil && c.Timeout != 0 && checksWaits.Load() && onLoopGoroutine():
		return ErrOnLoop
	}
	return c.Waiter.ended()
}

// end puts the Op of the call's waits back into the pool.
func (c *Call) end() {
	if c.op != nil && c.Waiter.Task() == nil {
		parkings.Put(c.op)
	}
	c.op = nil
}

// parkings holds the Ops of goroutines that wait. A task has an Op of its own.
var parkings = sync.Pool{New: func() any { return &Op{ch: make(chan struct{}, 1)} }}

// proceed does the part of Begin that comes before a wait: the lane is not free, or the last attempt
// of c was ErrAgain. It returns true if the operation must wait. Otherwise it unlocks mu, and with a
// nil error the caller has the lane. The caller holds mu.
func (fd *FD) proceed(c *Call) (waits bool, err error) {
	v := over
	if c.tried {
		c.out.Retry = fd.retryFor(c.out.Retry)
		fd.conclude(c.Lane, c.Blind, c.out, ErrAgain)
		v, err = fd.judge(c, c.out)
	} else {
		v, err = fd.admit(c)
	}
	switch {
	case v == mustWait && (c.Waiter.Task() != nil || c.out.More || c.out.Retry != nil || !fd.looksAgain(c)):
		return true, nil
	case v == mustWait: // looksAgain has taken the lane
	case v == retry:
		fd.take(c)
		fd.mu.Unlock()
	case c.tried:
		fd.release(c.Lane)
		c.end()
	default:
		fd.mu.Unlock()
	}
	c.tried, c.out = false, Outcome{}
	return false, err
}

// line puts the Op of c into the queue, and fd on a loop if it is on none. It returns false if an
// error ended the wait before it began. The caller holds mu, and line unlocks it.
//
// Errors: ErrOnLoop, errNotRunning, those of join and of enqueue.
func (fd *FD) line(c *Call) (waits bool, err error) {
	t, home := c.Waiter.Task(), c.Home
	if t != nil {
		home, err = t.loop, t.mayWait()
	} else {
		err = refuseWait()
	}
	if err == nil && fd.loop == nil {
		err = fd.joinFor(c.Lane, c.Blind, home, c.out.Retry)
	}
	if err == nil {
		err = fd.enqueue(c.waitingOp(t), c.tried, c.out)
		c.begun, c.deadline = c.op.begun, c.op.deadline
	}
	c.tried, c.out = false, Outcome{}
	if err != nil {
		fd.release(c.Lane)
		c.end()
		return false, err
	}
	fd.hasWaited()
	fd.mu.Unlock()
	return true, nil
}

// joinFor puts fd, which is on no loop, on home, since an operation must wait. r is that of its
// attempt. The caller holds mu.
func (fd *FD) joinFor(d Direction, blind bool, home *Loop, r *Retry) error {
	err := fd.join(home)
	if err == nil && r != nil && !blind {
		fd.backOff(d, r) // conclude could not do this without a loop
	}
	return err
}

// waitingOp returns the Op that waits for c.
func (c *Call) waitingOp(t *Task) *Op {
	o := c.op
	if o == nil {
		if t != nil {
			o = &t.wait // the task runs, so the Op is free
		} else {
			o = parkings.Get().(*Op)
		}
		c.op = o
		o.Lane, o.Blind, o.task = c.Lane, c.Blind, t
	}
	o.Timeout, o.begun, o.deadline, o.err = c.Timeout, c.begun, c.deadline, nil
	return o
}

// woken returns true if the caller must park again, because another attempt is running. Otherwise
// the wait is over: with a nil error the caller has the lane.
func (fd *FD) woken(c *Call) (waits bool, err error) {
	o := c.op
	fd.mu.Lock()
	switch {
	case o.state == opSettled:
		err = o.err
		fd.mu.Unlock()
		c.end()
		return false, err
	case fd.state&lane(c.Lane, laneBusy) == 0 && (o.Blind || fd.ordered(c.Lane) == o):
		fd.remove(o)
		o.state = opIdle
		c.moved = 0
		fd.take(c)
		fd.mu.Unlock()
		return false, nil
	}
	o.state, o.fresh = opQueued, true // the end of the running attempt wakes o again
	fd.mu.Unlock()
	return true, nil
}

// enqueue puts o into its lane. fd is on a loop. o goes to the front if it was tried, since the
// others in the queue came during its attempt. The caller holds mu.
//
// Error: os.ErrDeadlineExceeded if the lane's deadline has passed, or if o was tried and its own
// deadline has passed.
func (fd *FD) enqueue(o *Op, tried bool, out Outcome) error {
	d := o.Lane
	if deadline := fd.began(&o.Call); fd.past(d) || tried && !out.More && fd.isLate(deadline) {
		return os.ErrDeadlineExceeded
	}
	if tried && fd.extra != nil {
		fd.settleDue(d, fd.extra.lanes[d].asked, nil) // this was their last attempt, and it did not complete
	}
	last := fd.queue[d]
	fd.push(o)
	o.fresh = !tried
	if tried && last != nil {
		fd.queue[d] = last // the ring's last is the same as before, so o is the first
	}
	if out.More {
		fd.again(nil)
	} else if tried && o.next != o && out.Retry == nil {
		fd.rouse(d, nil)
	}
	if o.deadline != timeouts.Never {
		fd.laneTimer(d).arm(o.deadline)
	}
	return nil
}

// A verdict is the next step of an operation.
type verdict uint8

const (
	over     verdict = iota // the operation has ended
	retry                   // make an attempt at once
	mustWait                // wait, and leave the lane to others meanwhile
)

// admit returns the next step before the first attempt, and the error if there is to be none. The
// caller holds mu.
func (fd *FD) admit(c *Call) (verdict, error) {
	switch err := fd.mayTry(c.Lane, c.Blind); {
	case err == nil || err == ErrAgain && c.Timeout == 0 && fd.doubt(c.Lane):
		return retry, nil
	case err == ErrAgain && c.Timeout != 0:
		return mustWait, nil
	default:
		return over, err
	}
}

// judge returns the next step after an attempt that returned ErrAgain, and the error if the
// operation is over. The caller holds mu.
func (fd *FD) judge(c *Call, out Outcome) (verdict, error) {
	switch s := fd.state; {
	case s&fdClosed != 0:
		return over, net.ErrClosed
	case out.More:
		c.moved += out.N
		if s&fdWatched == 0 && (c.moved < budget || !c.shares()) || s&fdWatched != 0 && fd.withinBudget(c.Lane) == nil {
			return retry, nil
		}
	case s&lane(c.Lane, laneReady) != 0 && (c.Timeout == 0 || !fd.isLate(fd.began(c))):
		return retry, nil // an edge came during the attempt
	}
	switch {
	case c.Timeout == 0:
		return over, ErrAgain
	case !out.More && fd.past(c.Lane): // SetDeadline came during the attempt of a queued operation, or its time did
		return over, os.ErrDeadlineExceeded
	case !out.More && c.begun && fd.isLate(c.deadline):
		fd.settleDue(c.Lane, fd.loop.clock.Now(), nil)
		return over, os.ErrDeadlineExceeded
	}
	return mustWait, nil
}

// shares reports whether c runs on a loop's goroutine, which has other work to do.
func (c *Call) shares() bool { return c.Home != nil || c.Waiter.Task() != nil }

// began returns the deadline of c's timeout, and starts the timeout if it has not begun. The caller
// holds mu, and fd is on a loop.
func (fd *FD) began(c *Call) timeouts.Deadline {
	if !c.begun {
		c.begun, c.deadline = true, timeouts.Never
		if c.Timeout != timeouts.Forever {
			c.deadline = fd.loop.clock.Now().Add(c.Timeout)
		}
	}
	return c.deadline
}

// isLate reports whether a deadline has passed. The timer alone is not enough: it may find the lane
// busy each time, if each attempt makes the next edge itself (as with AF_ALG). The caller holds mu.
func (fd *FD) isLate(deadline timeouts.Deadline) bool {
	return deadline != timeouts.Never && fd.loop != nil && deadline.Expired(fd.loop.clock.Now())
}
