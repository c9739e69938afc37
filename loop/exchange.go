package loop

import (
	"context"
	"errors"
	"fmt"
	"sync"
)

// A Queue carries values from producers to consumers, in order, and holds so many at most: a
// producer that is faster waits. Tasks of any loop, goroutines and callbacks share it.
type Queue[T any] struct {
	mu     sync.Mutex
	items  []T                  // mu
	bound  int                  // immutable
	closed bool                 // mu
	room   []*Promise[struct{}] // mu; producers that wait
	some   []*Promise[struct{}] // mu; consumers that wait
	loop   *Loop
}

// ErrQueueClosed is returned by Put after Close, and by Get after Close once the queue is empty.
var ErrQueueClosed = errors.New("loop: the queue is closed")

// NewQueue makes a queue for n values. l is the loop whose end ends waits too. It panics if n is
// below 1.
func NewQueue[T any](l *Loop, n int) *Queue[T] {
	if n < 1 {
		panic(fmt.Sprintf("loop: NewQueue: room for %d values: must be above 0", n))
	}
	return &Queue[T]{bound: n, loop: l}
}

// Len is how many values are in the queue.
func (q *Queue[T]) Len() int {
	q.mu.Lock()
	defer q.mu.Unlock()
	return len(q.items)
}

// TryPut puts v in if there is room.
func (q *Queue[T]) TryPut(v T) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.closed || len(q.items) == q.bound {
		return false
	}
	q.items = append(q.items, v)
	wakeOne(&q.some)
	return true
}

// TryGet takes the first value out if there is one.
func (q *Queue[T]) TryGet() (v T, ok bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if len(q.items) == 0 {
		return v, false
	}
	v = q.items[0]
	var none T
	q.items[0] = none
	q.items = q.items[1:]
	wakeOne(&q.room)
	return v, true
}

// wakeOne ends the wait of the first that still waits.
func wakeOne(waiting *[]*Promise[struct{}]) {
	for len(*waiting) > 0 {
		p := (*waiting)[0]
		(*waiting)[0] = nil
		*waiting = (*waiting)[1:]
		if p.Resolve(struct{}{}) {
			return
		}
	}
}

// Put suspends the task until there is room for v.
//
// Errors: ErrQueueClosed; the cause of Cancel; net.ErrClosed at the end of the loop.
func (q *Queue[T]) Put(t *Task, v T) error {
	return q.put(v, func(f Future[struct{}]) error { _, err := f.Await(t); return err })
}

// PutContext blocks the goroutine until there is room for v, or ctx ends.
func (q *Queue[T]) PutContext(ctx context.Context, v T) error {
	return q.put(v, func(f Future[struct{}]) error { _, err := f.Wait(ctx); return err })
}

func (q *Queue[T]) put(v T, wait func(Future[struct{}]) error) error {
	for !q.TryPut(v) {
		if err := q.wait(&q.room, func() bool { return len(q.items) < q.bound }, true, wait); err != nil {
			return err
		}
	}
	return nil
}

// Get suspends the task until there is a value, and takes it.
//
// Errors: as Put.
func (q *Queue[T]) Get(t *Task) (T, error) {
	return q.get(func(f Future[struct{}]) error { _, err := f.Await(t); return err })
}

// GetContext blocks the goroutine until there is a value, or ctx ends.
func (q *Queue[T]) GetContext(ctx context.Context) (T, error) {
	return q.get(func(f Future[struct{}]) error { _, err := f.Wait(ctx); return err })
}

func (q *Queue[T]) get(wait func(Future[struct{}]) error) (v T, err error) {
	for {
		if v, ok := q.TryGet(); ok {
			return v, nil
		}
		if err := q.wait(&q.some, func() bool { return len(q.items) > 0 }, false, wait); err != nil {
			return v, err
		}
	}
}

// wait waits in a list until another try is worth it. ready is asked with mu held.
func (q *Queue[T]) wait(list *[]*Promise[struct{}], ready func() bool, putting bool, wait func(Future[struct{}]) error) error {
	p := NewPromise[struct{}](q.loop)
	q.mu.Lock()
	switch {
	case q.closed && (putting || len(q.items) == 0):
		q.mu.Unlock()
		return ErrQueueClosed
	case ready():
		q.mu.Unlock()
		return nil
	}
	*list = append(*list, p)
	q.mu.Unlock()
	err := wait(p.Future())
	if err != nil && !p.Reject(err) && p.failure() == nil {
		q.mu.Lock()
		wakeOne(list) // it was woken at the last moment: another has its turn
		q.mu.Unlock()
	}
	return err
}

// Close ends the queue: Put fails from now on, and Get once all values are out.
func (q *Queue[T]) Close() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.closed = true
	for _, list := range []*[]*Promise[struct{}]{&q.room, &q.some} {
		for _, p := range *list {
			p.Resolve(struct{}{})
		}
		*list = nil
	}
}

// A Selectable is a future of any type.
type Selectable interface {
	Settled() bool
	whenSettled(l *Loop, fn func())
}

// Select suspends the task until one of several futures is settled, and returns the index of the
// first that is. The others go on.
//
//	i, err := loop.Select(t, answer, timeout, quit)
//
// Errors: the cause of Cancel; net.ErrClosed at the end of the loop. Without futures it waits until
// one of these.
func Select(t *Task, futures ...Selectable) (int, error) {
	for i, f := range futures {
		if f.Settled() {
			return i, nil
		}
	}
	p := NewPromise[int](t.loop)
	for i, f := range futures {
		f.whenSettled(t.loop, func() { p.Resolve(i) })
	}
	return p.Future().Await(t)
}

// whenSettled runs fn on l, once the result is there.
func (f Future[T]) whenSettled(l *Loop, fn func()) {
	if f.c == nil {
		l.later(fn)
		return
	}
	f.c.then(l, func(error) { fn() })
}

// failure is the error that a promise was settled with.
func (p *Promise[T]) failure() error {
	p.c.mu.Lock()
	defer p.c.mu.Unlock()
	return p.c.err
}
