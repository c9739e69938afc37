package loop

import (
	"context"
	"runtime/debug"
	"sync/atomic"
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

// An Attempt is an operation as the loop sees it: something to try.
type Attempt interface {
	// Try makes the system call once. It must not block, and returns ErrAgain if the descriptor is not ready. An operation
	// of several parts (send all) keeps what it has done so far and goes on from there at the next Try.
	//
	// It runs on the goroutine or the task that waits, or on the loop's for a future and for what is Blind, never on two at once. A
	// panic in it ends the operation with a *PanicError.
	Try(sysfd int) (Outcome, error)
}

// An Outcome is what the loop should know of an attempt besides its error. Its zero is nothing special.
type Outcome struct {
	// N is how many bytes moved, for the descriptor's budget. Above 0 it also says that a read has got something, see Watcher; an
	// accept says 1.
	N int
	// Drained says that the descriptor is surely not ready any more though the attempt was done: a stream read that came up
	// short has emptied the socket. The next operation then waits for the next edge and does not ask in vain.
	Drained bool
	// More, with ErrAgain, is for an operation of several parts: this one was done, and the next is worth an attempt at once,
	// if the budget allows.
	More bool
	// Retry, with ErrAgain, is for what makes no edge (a full queue of someone else's, descriptors that ran out): try again
	// after this time, or at the next edge.
	Retry time.Duration
	// Hold, with a nil error, settles the operation and leaves the lane its owner's, as Enter does: for what may take long, or
	// block on a disk, and so is not the loop's to do. The owner goes on with an Op that is Entered, or ends it with Leave.
	// Only in the write lane; Try has made no attempt then, or none that says anything of the lane.
	Hold bool
	// Cause, with Retry, is logged: it is why the operation backs off, and there is no caller to tell.
	Cause error
}

// An Op is one operation under way. It is embedded in what makes the Attempt, so that waiting allocates nothing of its own,
// and may be used again once it is settled.
//
//	idle ──Do, Start──▶ trying ──EAGAIN──▶ queued ──edge──▶ trying ──done──▶ settled
//	                      └──done──▶ settled  │ ▲              │
//	                        ▲                 │ └────EAGAIN────┘
//	                        │                 ├──deadline, cancel, Close──▶ settled
//	                        └──────woken──────┘
//
// A goroutine or a task that waits is woken with the lane in its hands, and tries itself; the loop tries for futures, and what is Blind.
type Op struct {
	// Attempt is set once by the owner.
	Attempt Attempt
	// Lane is where it queues.
	Lane Direction
	// Blind says that its EAGAIN tells nothing of the lane (MSG_PEEK, MSG_OOB, MSG_ERRQUEUE look at something else), so the
	// lane's memory neither holds it up nor learns from it, and others pass it in the queue.
	Blind bool
	// Entered says that the lane is its own already, by Enter: it goes on from an attempt that did a part.
	Entered bool
	// Home is the loop to join if a goroutine has to wait and the descriptor is on none; nil: one of the default reactor's choice.
	Home *Loop
	// Deadline ends it with os.ErrDeadlineExceeded; timeouts.Now does not let it wait at all.
	Deadline timeouts.Deadline

	// Wrap makes what ends a future of what ended the operation; nil: nothing. It is called under a lock, and must be pure.
	Wrap func(error) error

	canceled error       // fd.mu: why, if it was canceled while the loop tried it
	future   *completion // fd.mu; who is told, by Start

	// What a wait needs, together in the memory.
	fd         *FD           // while queued
	next, prev *Op           // fd.mu
	ch         chan struct{} // who is told: a goroutine; made once, of capacity 1
	task       *Task         // or a task
	err        error         // once settled
	state      opState
	start      bool // by Start: a future is made once it has to be

	stack atomic.Uintptr // where who waits has its stack, about; see Loop.ahead
}

// own says that who waits makes the attempt: the loop only gives it the lane. What the lane's memory does not hold up is the loop's to try,
// so that it takes the lane from nobody.
func (o *Op) own() bool { return !o.start && !o.Blind }

type opState uint8

const (
	opIdle opState = iota
	opQueued
	opTrying // at the head of its lane, tried by the loop
	opSettled
)

// try makes the attempt. A panic in it is the operation's error, so that the lane is free again and whoever waits is told.
func (o *Op) try(sysfd int) (out Outcome, err error) {
	defer func() {
		if v := recover(); v != nil {
			out, err = Outcome{}, &PanicError{Value: v, Stack: debug.Stack()}
		}
	}()
	return o.Attempt.Try(sysfd)
}

// settle ends o, which is in no queue any more, and tells who waits. fd.mu is held; on is the loop whose goroutine this is,
// or nil. o is its owner's again, and may be reused, once this returns.
func (o *Op) settle(err error, on *Loop) {
	o.state = opSettled
	o.err = err
	switch {
	case o.task != nil:
		t := o.task
		o.task = nil
		t.ready(on)
	case o.start:
		if on != nil && o.future.isParked() {
			on.woke++
		}
		o.future.settle(o.wrap(err))
	default:
		if on != nil {
			on.woke++
		}
		o.ch <- struct{}{}
	}
}

func (o *Op) wrap(err error) error {
	if err == nil || o.Wrap == nil {
		return err
	}
	return o.Wrap(err)
}

// cancel ends o with err if it has not ended yet; then it returns true. of is the future that it must be of, if any: by now o may
// be in use again.
func (o *Op) cancel(fd *FD, err error, of *completion) bool {
	fd.mu.Lock()
	defer fd.mu.Unlock()
	if of != nil && of.isSettled() { // which it becomes under fd.mu, so this holds
		return false
	}
	switch o.state {
	case opQueued:
		fd.remove(o)
		o.settle(err, nil)
		return true
	case opTrying:
		o.canceled = err // the attempt decides; if it comes to nothing, this does
		return true
	}
	return false
}

// park blocks the goroutine that started o until o is settled, canceled by ctx if that can be.
func (o *Op) park(ctx context.Context) {
	var done <-chan struct{}
	if ctx != nil {
		done = ctx.Done()
	}
	if done == nil {
		<-o.ch
		return
	}
	select {
	case <-o.ch:
	case <-done:
		// What comes of it is settled on the channel, so that nobody touches its buffer after this.
		o.cancel(o.fd, context.Cause(ctx), nil)
		<-o.ch
	}
}
