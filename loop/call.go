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
// An error for a nil c or a.
func (fd *FD) Do(c *Call, a Attempt) error {
	switch {
	case c == nil:
		return missing("FD.Do", "c")
	case a == nil:
		return missing("FD.Do", "a")
	}
	c.begun, c.moved, c.looks, c.tried = false, 0, notYet, false // c may have been used before
	for {
		if err := fd.Begin(c); err != nil {
			return err
		}
		out, err := try(a, c.Sysfd, func() { fd.End(c, new(Outcome), errGoexit) })
		fd.End(c, &out, err)
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
// watcher's budget is spent; an error for a nil c or a lane that is neither Read nor Write. After
// an error the caller does not have the lane.
func (fd *FD) Begin(c *Call) error {
	if c == nil {
		return missing("FD.Begin", "c")
	}
	if !c.tried && (c.Waiter.by != nil || c.Lane > Write || checksWaits.Load()) {
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
	if waits && fd.loop == nil {
		waits, err = fd.joinFor(c)
	}
	if waits && fd.overdue(c, c.tried, c.out.More) {
		fd.giveUp(c)
		return os.ErrDeadlineExceeded
	}
	if waits {
		if c.place == nil {
			c.findPlace()
		}
		fd.line(c)
		if c.deadline != timeouts.Never {
			fd.laneTimer(c.Lane).arm(c.deadline)
		}
		fd.mu.Unlock()
	}
	for waits {
		switch by := c.Waiter.by.(type) {
		case nil:
			<-c.place.ch
		case *Task:
			by.suspendOn(c.place)
		default:
			c.place.parkUntil(c.Waiter)
		}
		waits, err = fd.woken(c)
	}
	return err
}

// End gives the lane back with the result of the attempt. It never waits. With a nil c or out it
// panics, and the lane stays taken.
//
// After ErrAgain the operation is not over: the caller must call Begin again. Begin then waits, or
// returns the error that ends the operation.
func (fd *FD) End(c *Call, out *Outcome, err error) {
	_, _ = *c, *out // a nil pointer must panic before the lock is taken
	if err == ErrAgain {
		c.tried = true
		c.out.N, c.out.Ops = out.N, out.Ops // not *out, whose copy would be in the stack of each End
		c.out.Drained, c.out.More, c.out.Retry = out.Drained, out.More, out.Retry
		return
	}
	fd.mu.Lock()
	fd.conclude(c.Lane, c.Blind, out, err)
	tired := err == nil && (c.Waiter.by != nil && c.Waiter.Task() != nil || fd.ran())
	fd.release(c.Lane)
	if c.place != nil {
		c.end()
	}
	if tired {
		fd.pause(c, out)
	}
}

// pause lets others run after an operation that succeeded: a task that has spent its budget, or a
// goroutine that has not waited for long.
//
//go:noinline
func (fd *FD) pause(c *Call, out *Outcome) {
	switch t := c.Waiter.Task(); {
	case t != nil:
		t.spend(out)
	case c.Timeout != 0:
		fd.mute()
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
	case c.Lane > Write:
		return badLane("FD.Begin", c.Lane)
	case t != nil && !t.runs():
		return errNotRunning
	case t == nil && c.Timeout != 0 && checksWaits.Load() && onLoopGoroutine():
		return ErrOnLoop
	}
	return c.Waiter.ended()
}

// end puts the entry of the call's waits back into the pool.
func (c *Call) end() {
	if c.place != nil && c.Waiter.Task() == nil {
		parkings.Put(c.place)
	}
	c.place = nil
}

// parkings holds the entries of goroutines that wait. A task has an entry of its own.
var parkings sync.Pool

// newParking makes an entry of a goroutine.
func newParking() *entry { return &entry{ch: make(chan struct{}, 1)} }

// proceed does the part of Begin that comes before a wait: the lane is not free, or the last
// attempt of c was ErrAgain. It returns true if the operation must wait, and may. Otherwise it
// unlocks mu, and with a nil error the caller has the lane. The caller holds mu.
func (fd *FD) proceed(c *Call) (waits bool, err error) {
	v := over
	if c.tried {
		fd.conclude(c.Lane, c.Blind, &c.out, ErrAgain)
		v, err = fd.judge(c, &c.out)
	} else {
		v, err = fd.admit(c)
	}
	t := c.Waiter.Task()
	switch {
	case v == retry:
		fd.take(c)
		fd.mu.Unlock()
		c.concluded()
		return false, nil
	case v == over:
	case t != nil:
		err = t.mayWait()
	case !c.out.More && c.out.Retry == nil && fd.looksAgain(c):
		c.concluded()
		return false, nil
	default:
		err = refuseWait()
	}
	if err == nil {
		return true, nil
	}
	fd.giveUp(c)
	return false, err
}

// giveUp ends an operation that has an error and is in no queue. The caller holds mu, and giveUp
// unlocks it.
func (fd *FD) giveUp(c *Call) {
	if c.tried {
		fd.release(c.Lane)
	} else {
		fd.mu.Unlock()
	}
	c.concluded()
	c.end()
}

// joinFor puts fd, which is on no loop, on one, since c must wait. After an error it returns false,
// and has unlocked mu. The caller holds mu.
func (fd *FD) joinFor(c *Call) (waits bool, err error) {
	if err := fd.join(c.home()); err != nil {
		fd.giveUp(c)
		return false, err
	}
	if c.out.Retry != nil && !c.Blind {
		fd.backOff(c.Lane, c.out.Retry) // conclude could not do this without a loop
	}
	return true, nil
}

// overdue reports whether a wait is over before it begins: the lane's deadline has passed, or c was
// tried and its own deadline has passed. It starts the timeout of c. The caller holds mu, and fd is
// on a loop.
func (fd *FD) overdue(c *Call, tried, more bool) bool {
	fresh := !c.begun
	deadline := fd.began(c)
	switch {
	case fd.past(c.Lane):
		return true
	case !tried || more:
		return false
	case fresh: // the deadline is Timeout from now
		return c.Timeout < 0
	}
	return fd.isLate(deadline)
}

// line puts the entry of c, which has a place, into the queue. The caller then starts the timer of
// c.deadline. The caller holds mu.
func (fd *FD) line(c *Call) {
	c.place.deadline = c.deadline
	fd.enqueue(c.place, c.tried, &c.out)
	c.concluded()
	fd.hasWaited()
}

// concluded forgets the last attempt, which the lane knows now.
func (c *Call) concluded() {
	c.tried = false
	c.out = Outcome{}
}

// home returns the loop that a descriptor joins for c. nil: one of the default reactor's.
func (c *Call) home() *Loop {
	if t := c.Waiter.Task(); t != nil {
		return t.loop
	}
	return c.Home
}

// findPlace gives c the entry with which it waits. Begin calls it, and not line, so that a new
// entry is made where the stack is low.
func (c *Call) findPlace() {
	t := c.Waiter.Task()
	var e *entry
	if t != nil {
		e = &t.wait // the task runs, so its entry is free
	} else if e, _ = parkings.Get().(*entry); e == nil {
		e = newParking()
	}
	e.lane, e.blind, e.task = c.Lane, c.Blind, t
	c.place = e
}

// woken returns true if the caller must park again, because another attempt is running. Otherwise
// the wait is over: with a nil error the caller has the lane.
func (fd *FD) woken(c *Call) (waits bool, err error) {
	e := c.place
	fd.mu.Lock()
	switch {
	case e.state == opSettled:
		err = e.err
		fd.mu.Unlock()
		c.end()
		return false, err
	case fd.state&lane(c.Lane, laneBusy) == 0 && (e.blind || fd.ordered(c.Lane) == e):
		fd.remove(e)
		e.state = opIdle
		c.moved = 0
		fd.take(c)
		fd.mu.Unlock()
		return false, nil
	}
	e.state, e.fresh = opQueued, true // the end of the running attempt wakes e again
	fd.mu.Unlock()
	return true, nil
}

// enqueue puts e into its lane. fd is on a loop, and e is not overdue. e goes to the front if it
// was tried, since the others in the queue came during its attempt. The caller then starts the
// timer of e.deadline. The caller holds mu.
func (fd *FD) enqueue(e *entry, tried bool, out *Outcome) {
	d := e.lane
	if tried && fd.extra != nil {
		fd.settleDue(d, fd.extra.lanes[d].asked, nil) // this was their last attempt, and it did not complete
	}
	last := fd.queue[d]
	fd.push(e)
	e.fresh = !tried
	if tried && last != nil {
		fd.queue[d] = last // the ring's last is the same as before, so e is the first
	}
	if out.More {
		fd.again(nil)
	} else if tried && e.next != e && out.Retry == nil {
		fd.rouse(d, nil)
	}
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
func (fd *FD) judge(c *Call, out *Outcome) (verdict, error) {
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
