package loop

import (
	"context"
)

// A Waiter names what waits for an operation. The zero Waiter is the calling goroutine. The others
// are a goroutine until a context ends, a task, and a task until a context ends.
//
// A Waiter is a small value. Only a Waiter with both a task and a context allocates.
type Waiter struct {
	by any // nil, context.Context, *Task or *taskContext
}

type taskContext struct {
	task *Task
	ctx  context.Context
}

// ByContext returns the Waiter of a goroutine that waits until ctx ends. A nil ctx never ends.
func ByContext(ctx context.Context) Waiter { return Waiter{ctx} }

// ByTask returns the Waiter of a task. Only the task itself may use it. With a nil t it returns the
// Waiter of the calling goroutine.
func ByTask(t *Task) Waiter {
	if t == nil {
		return Waiter{}
	}
	return Waiter{t}
}

// With returns a copy of w whose waits also end when ctx ends, with the cause of ctx. ctx replaces
// an earlier context. A nil ctx never ends.
func (w Waiter) With(ctx context.Context) Waiter {
	switch t := w.Task(); {
	case t == nil && ctx == nil:
		return Waiter{}
	case t == nil:
		return Waiter{ctx}
	case ctx == nil:
		return Waiter{t}
	default:
		return Waiter{&taskContext{t, ctx}}
	}
}

// In returns a copy of w whose waits suspend the task t. With a nil t, they block the goroutine.
// The context of w stays. Only the task itself may use the result.
func (w Waiter) In(t *Task) Waiter {
	if t == nil {
		return Waiter{}.With(w.Context())
	}
	if ctx := w.Context(); ctx != nil {
		return Waiter{&taskContext{t, ctx}}
	}
	return Waiter{t}
}

// Task returns the task that waits, or nil if a goroutine waits.
func (w Waiter) Task() *Task {
	switch by := w.by.(type) {
	case *Task:
		return by
	case *taskContext:
		return by.task
	}
	return nil
}

// Context returns the context whose end ends a wait, or nil.
func (w Waiter) Context() context.Context {
	switch by := w.by.(type) {
	case *Task: // this comes first: to find out that a value is no Context takes longer
		return nil
	case *taskContext:
		return by.ctx
	case context.Context:
		return by
	}
	return nil
}

// ended returns the cause of the context if it has ended.
func (w Waiter) ended() error {
	if w.by == nil {
		return nil
	}
	if ctx := w.Context(); ctx != nil && ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return nil
}

// parkUntil blocks until e has left the queue, or was woken to take the lane. Either puts one token
// into e.ch, or makes the task ready. If the context of w ends first, parkUntil cancels e.
func (e *entry) parkUntil(w Waiter) {
	t, ctx := w.Task(), w.Context()
	done := ctx.Done()
	switch {
	case t == nil && done == nil:
		<-e.ch
	case t == nil:
		select {
		case <-e.ch:
		case <-done:
			// The cancel puts its token into e.ch too, so after this receive e is in no queue.
			e.cancel(e.fd, context.Cause(ctx), nil)
			<-e.ch
		}
	case done == nil:
		t.suspendOn(e)
	case ctx.Err() != nil:
		// Cancel at once, and do not post this to the loop. An attempt that makes its own edge
		// would begin another wait before the post runs.
		e.cancel(e.fd, context.Cause(ctx), nil)
		t.suspendOn(e)
	default:
		defer t.endBy(ctx, e)()
		t.suspendOn(e)
	}
}
