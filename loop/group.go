package loop

import (
	"net"
	"sync"
)

// A Group is tasks that belong together: Wait waits for all of them, and the first that fails
// cancels the others. Tasks may be on several loops. The zero Group is of no use: NewGroup makes
// one.
type Group struct {
	mu    sync.Mutex
	tasks map[*Task]struct{} // mu; those that have not ended
	left  int                // mu; those and those that are about to begin
	err   error              // mu; the first
	done  *Promise[struct{}] // mu; of Wait
	loop  *Loop
}

// NewGroup makes a group whose tasks run on l unless GoOn says otherwise.
func NewGroup(l *Loop) *Group { return &Group{loop: l, tasks: make(map[*Task]struct{})} }

// Go runs fn as a task of the group.
func (g *Group) Go(fn func(t *Task) error) { g.GoOn(g.loop, fn) }

// GoOn is Go on another loop.
func (g *Group) GoOn(l *Loop, fn func(t *Task) error) {
	g.mu.Lock()
	g.left++
	g.mu.Unlock()
	ran := make(chan struct{}, 1)
	t := l.Go(func(t *Task) {
		ran <- struct{}{}
		err := error(&PanicError{Value: "the task of a Group has panicked"})
		defer func() { g.ended(t, err) }()
		if g.began(t) {
			t.Cancel()
		}
		err = fn(t)
	})
	if t.Done().Settled() && len(ran) == 0 { // the loop has ended
		g.ended(t, net.ErrClosed)
	}
}

// began counts a task, and returns whether it is canceled already.
func (g *Group) began(t *Task) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.tasks[t] = struct{}{}
	return g.err != nil
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

// cancel cancels all tasks. mu is held.
func (g *Group) cancel() {
	for t := range g.tasks {
		t.Cancel()
	}
}

// Cancel cancels the tasks that have not ended: Task.Cancel.
func (g *Group) Cancel() {
	g.mu.Lock()
	g.cancel()
	g.mu.Unlock()
}

// Done is a future that is settled when no task is left: with the first error, if there was one. A
// goroutine waits by Wait, a task by Await.
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

// Wait suspends t until no task of the group is left, and returns the first error. If t is canceled
// meanwhile, so are they, and Wait goes on waiting for them: it then returns what canceled t.
func (g *Group) Wait(t *Task) error {
	_, err := g.Done().Await(t)
	for again := err; again != nil && g.some(); {
		g.Cancel()
		_, again = g.Done().Await(t)
	}
	return err
}

// some says whether a task is left.
func (g *Group) some() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.left > 0
}
