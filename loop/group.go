package loop

import (
	"context"
	"net"
	"runtime/debug"
	"sync"
)

// A Group is a set of tasks that belong together. Wait waits for all of them. The first task that
// returns an error cancels the others. The tasks may be on several loops. The zero Group is not
// usable: use NewGroup.
type Group struct {
	mu       sync.Mutex
	tasks    map[*Task]struct{} // mu; tasks that have begun and not ended
	left     int                // mu; number of tasks that have not ended
	canceled bool               // mu; tasks that begin from now on begin canceled
	err      error              // mu; the first error
	done     *Promise[struct{}] // mu; the promise of Done
	loop     *Loop
}

// NewGroup makes a group. Its tasks run on l, except those of GoOn. NewGroup panics if l is nil.
func NewGroup(l *Loop) *Group {
	need(l != nil, "NewGroup", "l")
	return &Group{loop: l, tasks: make(map[*Task]struct{})}
}

// Go runs fn as a task of the group. Go panics if fn is nil.
func (g *Group) Go(fn func(t *Task) error) {
	need(fn != nil, "Group.Go", "fn")
	g.GoOn(g.loop, fn)
}

// GoOn runs fn as a task of the group on the loop l. GoOn panics if l or fn is nil.
func (g *Group) GoOn(l *Loop, fn func(t *Task) error) {
	need(l != nil, "Group.GoOn", "l")
	need(fn != nil, "Group.GoOn", "fn")
	g.mu.Lock()
	g.left++
	g.mu.Unlock()
	ran := make(chan struct{}, 1)
	t := l.Go(func(t *Task) {
		ran <- struct{}{}
		err := errGoexit
		defer func() {
			v := recover()
			if v != nil {
				err = &PanicError{Value: v, Stack: debug.Stack()}
			}
			g.ended(t, err)
			if v != nil {
				panic(v) // for the log of the loop, and the error of the task
			}
		}()
		if g.began(t) {
			t.end(context.Canceled)
		}
		err = fn(t)
	})
	if t.Done().Settled() && len(ran) == 0 { // the loop has ended
		g.ended(t, net.ErrClosed)
	}
}

// began adds a task that begins, and reports whether the group is canceled already.
func (g *Group) began(t *Task) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.tasks[t] = struct{}{}
	return g.canceled
}

func (g *Group) ended(t *Task, err error) {
	g.mu.Lock()
	delete(g.tasks, t)
	g.left--
	if err != nil && g.err == nil {
		g.err = err
		g.cancel()
	}
	done, err := g.done, g.err
	if g.left > 0 {
		done = nil
	} else {
		g.done = nil
	}
	g.mu.Unlock()
	switch {
	case done == nil:
	case err != nil:
		done.Reject(err)
	default:
		done.Resolve(struct{}{})
	}
}

// cancel cancels all tasks, also those that have not begun. The caller holds mu.
func (g *Group) cancel() {
	g.canceled = true
	for t := range g.tasks {
		t.Cancel()
	}
}

// Cancel calls Task.Cancel for the tasks that have not ended. A task of the group that begins later
// begins canceled: its first wait returns context.Canceled.
func (g *Group) Cancel() {
	g.mu.Lock()
	g.cancel()
	g.mu.Unlock()
}

// Done returns a future that is settled when all tasks have ended: with the first error, or with
// nil. A goroutine waits for it with Future.Wait, and a task with Future.Await.
func (g *Group) Done() Future[struct{}] {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.left == 0 {
		return Settled(struct{}{}, g.err)
	}
	if g.done == nil {
		g.done = NewPromise[struct{}](g.loop)
	}
	return g.done.Future()
}

// Wait suspends t until all tasks of the group have ended, and returns the first error. If t is
// canceled meanwhile, or a scope of Task.Within ends, Wait cancels the tasks of the group too,
// waits until they have ended, and returns the error that ended its wait. With a nil t, Wait
// returns an error.
func (g *Group) Wait(t *Task) error {
	if t == nil {
		return missing("Group.Wait", "t")
	}
	_, err := g.Done().Await(t)
	if err == nil || !t.runs() {
		return err
	}
	defer func(s *scope) { t.scope = s }(t.scope)
	t.scope = nil // in a scope that is over each wait would end at once
	for again := err; again != nil && g.some(); {
		g.Cancel()
		t.Yield() // at the end of the loop each wait ends at once
		_, again = g.Done().Await(t)
	}
	return err
}

// some reports whether a task has not ended.
func (g *Group) some() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.left > 0
}
