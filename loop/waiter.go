package loop

import (
	"context"
)

// A Waiter says what waits while an operation waits. The zero Waiter is the calling goroutine.
// There are three more: a goroutine until a context ends, a task, and a task until a context ends.
//
// A Waiter is a small value and costs no allocation, except With on a task's.
type Waiter struct {
	by any // nil, context.Context, *Task or *taskContext
}

type taskContext struct {
	task *Task
	ctx  context.Context
}

// ByContext returns the Waiter of a goroutine that waits until ctx ends; a nil ctx is none.
func ByContext(ctx context.Context) Waiter { return Waiter{ctx} }

// ByTask returns the Waiter of a task. Only the task itself may use it.
func ByTask(t *Task) Waiter { return Waiter{t} }

// With returns w, whose waits end with the cause of ctx when ctx ends. It replaces an earlier
// context. A nil ctx is none.
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

// In returns w, whose waits suspend the task t, or the goroutine if t is nil. Only the task itself
// may use it. A context of w stays.
func (w Waiter) In(t *Task) Waiter {
	if t == nil {
		return Waiter{}.With(w.Context())
	}
	if ctx := w.Context(); ctx != nil {
		return Waiter{&taskContext{t, ctx}}
	}
	return Waiter{t}
}

// Task returns the task that waits, or nil if a goroutine does.
func (w Waiter) Task() *Task {
	switch by := w.by.(type) {
	case *Task:
		return by
	case *taskContext:
		return by.task
	}
	return nil
}

// Context returns the context that ends waits, or nil.
func (w Waiter) Context() context.Context {
	switch by := w.by.(type) {
	case *taskContext:
		return by.ctx
	case context.Context:
		return by
	}
	return nil
}

// ended returns the cause of a context that has ended.
func (w Waiter) ended() error {
	if w.by == nil {
		return nil
	}
	if ctx := w.Context(); ctx != nil && ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return nil
}

// park blocks until o has left the queue or was woken to take the lane: each leaves one token in
// o.ch, or makes the task ready. When a context ends first, park cancels o. t and ctx are of the
// Waiter; on is the loop of o's descriptor.
func (o *Op) park(t *Task, ctx context.Context) {
	if ctx != nil && ctx.Done() == nil {
		ctx = nil
	}
	switch {
	case t != nil:
		switch {
		case ctx == nil:
		case ctx.Err() != nil:
			// At once, and not by a post to the loop: an attempt that makes its own edge would
			// begin another wait before that.
			o.cancel(o.fd, context.Cause(ctx), nil)
		default:
			defer t.endBy(ctx, o)()
		}
		t.suspendOn(o)
	case ctx != nil:
		select {
		case <-o.ch:
		case <-ctx.Done():
			// What comes of the cancel arrives in o.ch too, so o is out of every queue after this.
			o.cancel(o.fd, context.Cause(ctx), nil)
			<-o.ch
		}
	default:
		<-o.ch
	}
}
