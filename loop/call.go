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
	c.begun, c.moved, c.looks = false, 0, notYet // c may have been used before
	err := fd.Begin(c)
	for again := true; again && err == nil; {
		out, failed := try(a, c.Sysfd)
		again, err = fd.End(c, out, failed)
	}
	return err
}

// Begin takes the lane for one attempt of the caller. It waits, as c allows, until an attempt may
// succeed. After a nil error the caller must make one attempt on c.Sysfd and call End.
//
// Errors: os.ErrDeadlineExceeded; net.ErrClosed; the cause of a context or of Task.Cancel;
// ErrOnLoop; ErrAgain if c must not wait and the lane is taken or the watcher's budget is spent.
// After an error the caller does not have the lane.
func (fd *FD) Begin(c *Call) error {
	if c.Waiter.by != nil || checksWaits.Load() {
		if err := c.refused(); err != nil {
			return err
		}
	}
	fd.mu.Lock()
	if fd.free(c.Lane) {
		fd.take(c)
		fd.mu.Unlock()
		return nil
	}
	err := fd.mayTry(c.Lane, c.Blind)
	if err == ErrAgain && c.Timeout == 0 && fd.doubt(c.Lane) {
		err = nil
	}
	switch {
	case err == nil:
		fd.take(c)
	case err == ErrAgain && c.Timeout != 0:
		return fd.wait(c, false, Outcome{})
	}
	fd.mu.Unlock()
	return err
}

// End gives the lane back with the result of the attempt. If the result was ErrAgain and c may
// wait, End waits until the caller has the lane again, and returns true. The caller then makes its
// next attempt on c.Sysfd and calls End again. The operation keeps its place meanwhile: no other
// operation runs between its attempts.
//
// After false the caller does not have the lane. The error is the attempt's. If that was ErrAgain,
// it may be one of the errors of Begin instead.
func (fd *FD) End(c *Call, out Outcome, err error) (again bool, _ error) {
	fd.mu.Lock()
	out.Retry = fd.retryFor(out.Retry)
	fd.conclude(c.Lane, c.Blind, out, err)
	if err == ErrAgain {
		var v verdict
		switch v, err = fd.judge(c, out); v {
		case retry:
			fd.take(c)
			fd.mu.Unlock()
			return true, nil
		case mustWait:
			err = fd.wait(c, true, out)
			return err == nil, err
		}
	}
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
	return false, err
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

// wait queues c and returns when the caller has the lane. A call that has made an attempt goes to
// the front, since the others in the queue came during its attempt. The caller holds mu, and wait
// unlocks it.
func (fd *FD) wait(c *Call, tried bool, out Outcome) error {
	t, ctx := c.Waiter.Task(), c.Waiter.Context()
	if t == nil && !out.More && out.Retry == nil && fd.looksAgain(c) {
		return nil
	}
	o, err := fd.line(c, t, tried, out)
	if err != nil {
		fd.release(c.Lane)
		c.end()
		return err
	}
	fd.hasWaited()
	for {
		fd.mu.Unlock()
		o.park(t, ctx)
		fd.mu.Lock()
		if o.state == opSettled {
			err = o.err
			fd.mu.Unlock()
			c.end()
			return err
		}
		if fd.state&lane(c.Lane, laneBusy) == 0 && (o.Blind || fd.ordered(c.Lane) == o) {
			fd.remove(o)
			o.state = opIdle
			c.moved = 0
			fd.take(c)
			fd.mu.Unlock()
			return nil
		}
		o.state, o.fresh = opQueued, true // another attempt is running: its end wakes o again
	}
}

// line puts the Op of c into the queue. The caller holds mu.
//
// Errors: ErrOnLoop, errNotRunning, or the error that ended the wait before it began.
func (fd *FD) line(c *Call, t *Task, tried bool, out Outcome) (*Op, error) {
	home := c.Home
	if t != nil {
		if err := t.mayWait(); err != nil {
			return nil, err
		}
		home = t.loop
	} else if err := refuseWait(); err != nil {
		return nil, err
	}
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
	err := fd.enqueue(o, home, tried, out)
	c.begun, c.deadline = o.begun, o.deadline
	return o, err
}

// enqueue puts o into its lane. If fd is on no loop, fd joins home. The caller holds mu.
//
// Errors: those of join; os.ErrDeadlineExceeded if the lane's deadline has passed, or if o was
// tried and its own deadline has passed.
func (fd *FD) enqueue(o *Op, home *Loop, tried bool, out Outcome) error {
	d := o.Lane
	if fd.loop == nil {
		if err := fd.join(home); err != nil {
			return err
		}
		if out.Retry != nil && !o.Blind {
			fd.backOff(d, out.Retry) // conclude could not do this without a loop
		}
	}
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

// A verdict is the next step after an attempt that returned ErrAgain.
type verdict uint8

const (
	over     verdict = iota // the operation has ended
	retry                   // make another attempt at once
	mustWait                // wait, and leave the lane to others meanwhile
)

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
