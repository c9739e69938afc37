package loop

import (
	"runtime/debug"
	"time"

	"github.com/polluxio/pollux/timeouts"
)

// A Direction is one of the two lanes of a descriptor.
type Direction uint8

const (
	Read  Direction = iota // reads, receives, accepts
	Write                  // writes, sends, connects
)

func (d Direction) String() string { return [...]string{"read", "write"}[d] }

// An Attempt is an operation as the loop sees it: a system call to try.
type Attempt interface {
	// Try makes the system call once. It must not block, and returns ErrAgain if the descriptor is
	// not ready. An operation of several parts (send all) keeps what it has done so far and goes on
	// from there at the next Try.
	//
	// Try runs in the goroutine or the task that waits; for a future it runs on the loop. It never
	// runs twice at once. A panic in it ends the operation with a *PanicError.
	Try(sysfd int) (Outcome, error)
}

// An Outcome is what the loop learns from an attempt besides its error. The zero Outcome is right
// for most calls.
type Outcome struct {
	// N is how many bytes moved. It counts for the descriptor's budget, see Fairness in the package
	// comment.
	N int
	// Ops is how many operations the attempt made: 64 for a batch of 64 datagrams. 0 counts as one
	// operation for the budget. A value above 0, or N above 0, also says that a read has taken
	// something from the descriptor, so that a Watcher is called again. An accept says 1.
	Ops int
	// Drained says that the descriptor is no longer ready though the attempt succeeded: a short
	// read has emptied a stream socket. The next operation then waits for the next edge, and makes
	// no system call before it.
	Drained bool
	// More, with ErrAgain, is for an operation of several parts: this part is done, and the next is
	// worth an attempt at once, if the budget allows.
	More bool
	// Retry, with ErrAgain, is for what makes no edge (a full queue of another socket, descriptors
	// that ran out): the loop tries again after this time, or at the next edge (of a one-shot
	// poller, only after this time). The time doubles with each attempt, up to Most.
	Retry time.Duration
	// Most, with Retry, is where the doubling ends; 0: at a second.
	Most time.Duration
	// Edgeless, with Retry, says that an edge proves nothing, since the attempt itself makes one:
	// only the time counts, and a hang-up.
	Edgeless bool
	// Cause, with Retry, is logged: it is why the operation backs off.
	Cause error
}

// A Call is one operation on its way through a lane: where it queues, how long it may wait, and
// what waits. The fields are set by the caller before Begin; Sysfd is set by Begin and End. It can
// live on the caller's stack.
type Call struct {
	// Waiter says what waits; zero: the calling goroutine.
	Waiter Waiter
	// Lane is where the operation queues.
	Lane Direction
	// Blind says that EAGAIN tells nothing about the lane (MSG_PEEK, MSG_OOB and MSG_ERRQUEUE look
	// at something else). The lane's state neither delays a blind operation nor learns from it, and
	// other operations pass it in the queue.
	Blind bool
	// Timeout is how long the operation may wait in all. It begins when the operation first has to
	// wait. 0: it must not wait; negative: for ever.
	Timeout time.Duration
	// Home is the loop to join if the descriptor is on none; nil: the task's, or one of the default
	// reactor's.
	Home *Loop
	// Sysfd is the descriptor, while the lane is the caller's.
	Sysfd int
	// HungUp says, while the lane is the caller's, that the poller has told of a hang-up or an
	// error: if an attempt comes to nothing, there may be nothing left to wait for.
	HungUp bool

	deadline timeouts.Deadline // of Timeout; 0: the timeout has not begun
	moved    int               // bytes since the caller last waited
	looks    looks             // see FD.looksAgain
	until    time.Duration     // the same
	op       *Op               // in the queue, while it waits; from a pool
}

// Restart makes the timeout begin anew at the next wait, for an operation whose parts each have the
// whole timeout.
func (c *Call) Restart() { c.deadline = 0 }

// An Op is one operation in a lane's queue. A user embeds it in an Attempt that is to give a
// future, see Start; a wait of a goroutine or a task has one from a pool. It may be used again once
// it is settled.
//
//	idle ──must wait──▶ queued ──edge──▶ woken ──takes the lane──▶ idle
//	                     │ ▲ │            │ │
//	                     │ │ │            │ └─ another was quicker ─▶ queued
//	                     │ │ │            └─ cancel, Close ─▶ settled
//	                     │ │ └─ edge, of a future ─▶ trying ──done──▶ settled
//	                     │ └──────── EAGAIN ───────────┘
//	                     └─ deadline, cancel, Close ─▶ settled
//
// A goroutine or a task is woken, takes the lane and makes the attempt itself. It stays first in
// the queue until it does: so it keeps its turn, and holds up neither deadlines nor Close if it
// does not come. The loop makes the attempts of futures.
type Op struct {
	Call

	// Attempt is set once by the owner; nil for waits of a goroutine or a task.
	Attempt Attempt
	// Wrap turns the error of the operation into the error of the future; nil: as it is. sysfd is the
	// descriptor, which stays open during the call, or -1 once it is closed. Wrap is called under the
	// lock of the FD: it may ask the system about sysfd, but it must not block, and must not use the FD.
	Wrap func(err error, sysfd int) error

	canceled error       // fd.mu: why, if it was canceled while the loop tried it
	future   *completion // fd.mu; what is settled, for Start

	fd         *FD           // while it is in a queue
	next, prev *Op           // fd.mu
	ch         chan struct{} // one token when it is woken or settled; made once, of capacity 1
	task       *Task         // or the task to resume
	err        error         // once settled
	state      opState       // fd.mu
	fresh      bool          // fd.mu; of one that is Blind: no attempt was made since it queued, or since the last edge
}

type opState uint8

const (
	opIdle opState = iota
	opQueued
	opWoken  // may take the lane, and was notified
	opTrying // the loop tries it
	opSettled
)

// own says that what waits makes the attempt itself; the loop only wakes it.
func (o *Op) own() bool { return o.Attempt == nil }

// try makes the attempt. A panic in it becomes the operation's error, so that the lane is free
// again.
func try(a Attempt, sysfd int) (out Outcome, err error) {
	defer func() {
		if v := recover(); v != nil {
			out, err = Outcome{}, &PanicError{Value: v, Stack: debug.Stack()}
		}
	}()
	return a.Try(sysfd)
}

// wake tells what waits that it may take the lane. fd.mu is held; on is the loop whose goroutine
// this is, or nil.
func (o *Op) wake(on *Loop) {
	o.state, o.fresh = opWoken, false
	o.notify(on)
}

// notify resumes what waits. It is called once each time that o leaves the state opQueued.
func (o *Op) notify(on *Loop) {
	if o.task != nil {
		o.task.ready(on)
		return
	}
	if on != nil {
		on.woke++
	}
	o.ch <- struct{}{}
}

// settle ends o, which is in no queue any more. fd.mu is held; on is as in wake. A future's owner
// may reuse o once this returns.
func (o *Op) settle(err error, on *Loop) {
	was := o.state
	o.state, o.err = opSettled, err
	switch {
	case o.future != nil:
		if err != nil && o.Wrap != nil {
			err = o.Wrap(err, int(o.future.fd.sysfd))
		}
		o.future.settle(err)
	case was == opQueued: // else the token of its waking is still there
		o.notify(on)
	}
}

// cancel ends o with err if it has not ended; then it returns true. of is the future that o must
// belong to, or nil: o may be in use again by now.
func (o *Op) cancel(fd *FD, err error, of *completion) bool {
	fd.mu.Lock()
	defer fd.mu.Unlock()
	if of != nil && of.isSettled() { // which it becomes under fd.mu, so this holds
		return false
	}
	switch o.state {
	case opQueued, opWoken:
		d := o.Lane
		fd.remove(o)
		o.settle(err, nil) // from here on it may be in use again
		fd.rouse(d, nil)   // it may have been its turn
		return true
	case opTrying:
		o.canceled = err // the attempt decides; if it comes to nothing, this does
		return true
	}
	return false
}
