package loop

import (
	"net"
	"os"
	"sync"

	"github.com/polluxio/pollux/timeouts"
)

// Do makes the attempts of a until one is done, and waits between them as c says. It returns the
// error of the last one.
//
// A context that ends gives its cause, the timeout or the lane's deadline os.ErrDeadlineExceeded, a
// timeout of 0 ErrAgain, Close net.ErrClosed. In these cases nothing was done, or the Attempt knows
// what. ErrOnLoop: see there.
func (fd *FD) Do(c *Call, a Attempt) error {
	c.deadline, c.moved, c.looks = 0, 0, notYet // c may have been used before
	err := fd.Begin(c)
	for again := true; again && err == nil; {
		out, failed := try(a, c.Sysfd)
		again, err = fd.End(c, out, failed)
	}
	return err
}

// Begin takes the lane for one attempt of the caller's, and waits as c says until an attempt is
// worth making. A nil error must be followed by one attempt on c.Sysfd and by End.
//
// Errors: os.ErrDeadlineExceeded, net.ErrClosed, the cause of a context or of Task.Cancel,
// ErrOnLoop; ErrAgain if c must not wait and the lane is taken or the watcher's budget is spent.
// With any of them the lane is not the caller's.
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

// End gives the lane back with what the attempt came to. If it was ErrAgain and c may wait, End
// waits, and returns true when the lane is the caller's again: the caller makes its next attempt on
// c.Sysfd and calls End again. Until then the operation keeps its place: no other operation comes
// between its attempts.
//
// With false the lane is not the caller's. The error is the attempt's, or one of those of Begin in
// place of ErrAgain.
func (fd *FD) End(c *Call, out Outcome, err error) (again bool, _ error) {
	fd.mu.Lock()
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

// Lend says that the caller, which has the write lane by Begin, keeps it for a call that may take
// long, or block on a disk. Operations behind it wait, and time out as ever. End ends it.
//
// Error: net.ErrClosed; then the caller still has the lane, and calls End.
func (fd *FD) Lend() error {
	fd.mu.Lock()
	defer fd.mu.Unlock()
	if fd.state&fdClosed != 0 {
		return net.ErrClosed
	}
	fd.state |= fdLent
	fd.vain[Write] = 0 // it was writable, and no Outcome tells what goes out now
	return nil
}

// refused returns why the caller must not begin: a context that has ended, a task that is not the
// caller. In the debug mode (see Config.Debug) it also finds calls that could block a loop, though
// this one may complete at once.
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

// end gives the Op of the waits back.
func (c *Call) end() {
	if c.op != nil && c.Waiter.Task() == nil {
		parkings.Put(c.op)
	}
	c.op = nil
}

// parkings are the Ops of goroutines that wait; a task has its own.
var parkings = sync.Pool{New: func() any { return &Op{ch: make(chan struct{}, 1)} }}

// wait queues c and returns once the lane is the caller's: at the front if it was tried, since
// those in the queue came during its attempt. mu is held, and is given up.
func (fd *FD) wait(c *Call, tried bool, out Outcome) error {
	t, ctx := c.Waiter.Task(), c.Waiter.Context()
	if t == nil && !out.More && out.Retry == 0 && fd.looksAgain(c) {
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
		o.state, o.fresh = opQueued, true // another attempt is under way: its end wakes o again
	}
}

// line puts the Op of c into the queue. mu is held.
//
// Errors: the wait was refused, or ended before it began.
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
			o = &t.wait // it is in no use: the task runs
		} else {
			o = parkings.Get().(*Op)
		}
		c.op = o
		o.Lane, o.Blind, o.task = c.Lane, c.Blind, t
	}
	o.Timeout, o.deadline, o.err = c.Timeout, c.deadline, nil
	err := fd.enqueue(o, home, tried, out)
	c.deadline = o.deadline
	return o, err
}

// enqueue puts o into its lane, on home if fd is on no loop. mu is held.
//
// Errors: those of join; os.ErrDeadlineExceeded if o was tried and its time is over, or if the
// lane's is.
func (fd *FD) enqueue(o *Op, home *Loop, tried bool, out Outcome) error {
	d := o.Lane
	if fd.loop == nil {
		if err := fd.join(home); err != nil {
			return err
		}
		if out.Retry != 0 && !o.Blind {
			fd.backOff(d, out) // conclude could not, without a loop
		}
	}
	if deadline := fd.began(&o.Call); fd.past(d) || tried && !out.More && fd.isLate(deadline) {
		return os.ErrDeadlineExceeded
	}
	if tried && fd.extra != nil {
		fd.settleDue(d, fd.extra.lanes[d].asked, nil) // this was their last attempt, and it came to nothing
	}
	last := fd.queue[d]
	fd.push(o)
	o.fresh = !tried
	if tried && last != nil {
		fd.queue[d] = last // o is behind the last in the ring, and so it is the first
	}
	if out.More {
		fd.again(nil)
	} else if tried && o.next != o && out.Retry == 0 {
		fd.rouse(d, nil)
	}
	if o.deadline != timeouts.Never {
		fd.laneTimer(d).arm(o.deadline)
	}
	return nil
}

// A verdict is what follows an attempt that came to ErrAgain.
type verdict uint8

const (
	over     verdict = iota // the operation has ended
	retry                   // another attempt at once
	mustWait                // the lane is free for others meanwhile
)

// judge says what follows an attempt that came to ErrAgain, and why if the operation is over. mu is
// held.
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
	case !out.More && fd.isLate(c.deadline):
		fd.settleDue(c.Lane, fd.loop.clock.Now(), nil)
		return over, os.ErrDeadlineExceeded
	}
	return mustWait, nil
}

// shares says that c runs on a loop's goroutine, which has others to serve too.
func (c *Call) shares() bool { return c.Home != nil || c.Waiter.Task() != nil }

// began returns the deadline of the timeout, which begins now if it has not begun. mu is held; fd
// is on a loop.
func (fd *FD) began(c *Call) timeouts.Deadline {
	if c.deadline == 0 {
		c.deadline = timeouts.Never
		if c.Timeout >= 0 {
			c.deadline = fd.loop.clock.Now().Add(c.Timeout)
		}
	}
	return c.deadline
}

// isLate says that a deadline has passed. The timer may find the lane busy each time: an attempt
// can make an edge itself (those of AF_ALG do). mu is held.
func (fd *FD) isLate(deadline timeouts.Deadline) bool {
	return deadline != 0 && deadline != timeouts.Never && fd.loop != nil && deadline <= fd.loop.clock.Now()
}
