package loop

import (
	"fmt"
	"runtime/debug"
	"time"

	"github.com/polluxio/pollux/timeouts"
)

// A Direction selects one of the two lanes of a descriptor.
type Direction uint8

const (
	Read  Direction = iota // reads, receives, accepts
	Write                  // writes, sends, connects
)

func (d Direction) String() string {
	switch d {
	case Read:
		return "read"
	case Write:
		return "write"
	}
	return fmt.Sprintf("Direction(%d)", uint8(d))
}

// An Attempt makes the system call of an operation.
type Attempt interface {
	// Try makes the system call once. It must not block, and returns ErrAgain if the descriptor is
	// not ready. An operation of several parts (send all) keeps its progress, and continues from
	// there at the next Try.
	//
	// Try runs in the goroutine or the task that waits. For a future it runs on the loop. Two calls
	// of Try never run at the same time. A panic in Try ends the operation with a *PanicError, and
	// runtime.Goexit with an error.
	Try(sysfd int) (Outcome, error)
}

// An Outcome reports the effects of an attempt to the loop, besides its error. The zero Outcome is
// right for most calls.
type Outcome struct {
	// N is the number of bytes that moved. It counts against the descriptor's budget. See Fairness
	// in the package comment.
	N int
	// Ops is the number of operations that the attempt made: 64 for a batch of 64 datagrams, 1 for
	// an accept. 0 counts as one operation against the budget. Ops or N above 0 also reports that a
	// read has taken something from the descriptor, so the loop calls a Watcher again.
	Ops int
	// Drained reports that the descriptor is no longer ready although the attempt succeeded: a
	// short read has emptied a stream socket. The next operation then waits for an edge before it
	// makes a system call.
	Drained bool
	// More, with ErrAgain, belongs to an operation of several parts. It reports that this part is
	// done and that the next part may be tried at once, if the budget allows.
	More bool
	// Retry, with ErrAgain, makes the loop try again without an edge. nil: it waits for an edge.
	Retry *Retry
}

// A Retry says when the loop makes the next attempt if readiness makes no edge: another socket's
// queue is full, or the process has no descriptor left. The loop only reads it, so any number of
// attempts can return the same Retry.
type Retry struct {
	// After is the time until the next attempt, if no edge comes first. On a one-shot poller the
	// loop waits for the time only. The time doubles with each attempt, up to Most. A Retry whose
	// After is not above 0 has no effect.
	After time.Duration
	// Most is the longest time between two attempts. 0: one second.
	Most time.Duration
	// Edgeless reports that the attempt itself makes edges. The loop then ignores edges, and waits
	// for the time or a hang-up.
	Edgeless bool
	// Edges reports that an edge may come before the time. The loop then asks a one-shot poller for
	// it. Other pollers report it anyway.
	Edges bool
	// Level reports that the descriptor is still ready, although the attempt waits for more. A
	// one-shot poller would report it at once, again and again, so there the loop waits for the
	// time. Another poller reports the next edge: there the Retry has no effect.
	Level bool
	// Cause is the reason for the back-off. The loop logs it.
	Cause error
}

// A Call is one operation on its way through a lane. It holds the lane, the timeout and the Waiter.
// The caller sets the fields before Begin. Begin and End set Sysfd and HungUp. A Call can live on
// the caller's stack.
type Call struct {
	// Waiter names what waits. Zero: the calling goroutine.
	Waiter Waiter
	// Lane is the lane in which the operation queues.
	Lane Direction
	// Blind marks an operation whose EAGAIN says nothing about the lane: MSG_PEEK, MSG_OOB and
	// MSG_ERRQUEUE look at something else. The lane's state does not delay a blind operation, and
	// its result does not change that state. Other operations may pass it in the queue.
	Blind bool
	// HungUp, valid while the caller has the lane, reports that the poller has seen a hang-up or an
	// error. After an attempt without result there may then be nothing left to wait for.
	HungUp bool

	tried bool  // End has got ErrAgain, and the next Begin has not concluded the attempt yet
	begun bool  // the timeout has begun, and deadline is set
	looks looks // see FD.looksAgain

	// Timeout limits the total time of all waits of the operation. It begins with the first wait.
	// 0: the operation does not wait. timeouts.Forever: it waits without limit. Negative: it has
	// passed before the first wait.
	Timeout time.Duration
	// Home is the loop to join if the descriptor is on none. nil: the task's loop, or one of the
	// default reactor's.
	Home *Loop
	// Sysfd is the descriptor's number, valid while the caller has the lane.
	Sysfd int

	out      Outcome           // of the last attempt, if tried
	deadline timeouts.Deadline // the end of Timeout
	until    timeouts.Deadline // the end of lingering on the system's clock, see FD.looksAgain
	moved    int               // bytes since the caller last waited
	place    *entry            // in the queue, while it waits; a goroutine's is from a pool
}

// Restart makes the timeout begin anew at the next wait. It is for an operation in which each part
// has the whole timeout.
func (c *Call) Restart() { c.begun = false }

// An Op is an operation that gives a future (see Start). Embed it in the Attempt. The loop makes
// the attempts. The owner may use the Op again once it is settled.
type Op struct {
	Call

	// Attempt is set once by the owner.
	Attempt Attempt
	// Wrap turns the operation's error into the future's error. nil: the error stays as it is.
	// sysfd is the descriptor, which stays open during the call, or -1 after Close. Wrap runs under
	// the lock of the FD: it may ask the kernel about sysfd, but it must not block and must not use
	// the FD.
	Wrap func(err error, sysfd int) error

	future *completion // fd.mu; the future to settle, set by Start
	entry  entry
}

// An entry is the place of one operation in the queue of a lane: of an Op, or of a goroutine or a
// task that waits. It is small, because each idle connection has one.
//
//	idle ──must wait──▶ queued ──edge──▶ woken ──takes the lane──▶ idle
//	                     │ ▲ │            │ │
//	                     │ │ │            │ └─ another was quicker ─▶ queued
//	                     │ │ │            └─ cancel, Close ─▶ settled
//	                     │ │ └─ edge, of a future ─▶ trying ──done──▶ settled
//	                     │ └──────── EAGAIN ───────────┘
//	                     └─ deadline, cancel, Close ─▶ settled
//
// A goroutine or a task that was woken takes the lane and makes the attempt itself. Until then its
// entry stays first in the queue: it keeps its turn, and if it is late it delays neither deadlines
// nor Close.
type entry struct {
	op         *Op               // the operation of a future; nil: a goroutine or a task waits and makes its own attempts
	fd         *FD               // while it is in a queue
	next, prev *entry            // fd.mu
	ch         chan struct{}     // gets one token when a goroutine is woken or settled; made once, of capacity 1
	task       *Task             // the task to resume; nil: a goroutine waits on ch
	err        error             // valid once settled; while the loop tries the operation: the error of a cancel that came
	deadline   timeouts.Deadline // fd.mu; the end of the operation's timeout
	lane       Direction
	blind      bool    // as in Call
	state      opState // fd.mu
	fresh      bool    // fd.mu; for a blind operation: no attempt was made since it queued, or since the last edge
}

type opState uint8

const (
	opIdle opState = iota
	opQueued
	opWoken  // notified that it may take the lane
	opTrying // the loop makes an attempt
	opSettled
)

// try makes the attempt. A panic in it becomes the operation's error, so that the lane becomes free
// again. exited does the same after runtime.Goexit, since nothing after try runs then.
func try(a Attempt, sysfd int, exited func()) (out Outcome, err error) {
	returned := false
	defer func() {
		if v := recover(); v != nil {
			out, err = Outcome{}, &PanicError{Value: v, Stack: debug.Stack()}
		} else if !returned {
			exited()
		}
	}()
	out, err = a.Try(sysfd)
	returned = true
	return out, err
}

// wake lets the waiting goroutine or task take the lane. The caller holds fd.mu. on is the loop
// that runs on this goroutine, or nil.
func (e *entry) wake(on *Loop) {
	e.state, e.fresh = opWoken, false
	e.notify(on)
}

// notify resumes the waiting goroutine or task. It is called once each time that e leaves the state
// opQueued.
func (e *entry) notify(on *Loop) {
	if e.task != nil {
		e.task.ready(on)
		return
	}
	if on != nil {
		on.woke++
	}
	e.ch <- struct{}{}
}

// settle ends e, which is in no queue any more. The caller holds fd.mu. on has the same meaning as
// in wake. The owner of a future may reuse e once settle has returned.
func (e *entry) settle(err error, on *Loop) {
	was := e.state
	e.state, e.err = opSettled, err
	switch {
	case e.op != nil:
		o := e.op
		if err != nil && o.Wrap != nil {
			err = o.Wrap(err, int(e.fd.sysfd))
		}
		o.future.settle(err)
	case was == opQueued: // otherwise the token of wake is still in ch
		e.notify(on)
	}
}

// cancel ends e with err, and returns true, if e has not ended. of is the future that e must belong
// to, or nil: another operation may be using e by now.
func (e *entry) cancel(fd *FD, err error, of *completion) bool {
	fd.mu.Lock()
	defer fd.mu.Unlock()
	if of != nil && of.isSettled() { // a future is settled under fd.mu, so the answer stays true
		return false
	}
	switch e.state {
	case opQueued, opWoken:
		d := e.lane
		fd.remove(e)
		e.settle(err, nil) // another operation may use e from here on
		fd.rouse(d, nil)   // e may have been the next to take the lane
		return true
	case opTrying:
		e.err = err // the running attempt decides; if it does not complete, this error does
		return true
	}
	return false
}
