package loop

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
)

// A Queue carries values from producers to consumers, in order. It holds a limited number of
// values: a producer that is faster waits. Tasks of any loop, goroutines and callbacks may use it
// together.
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

// NewQueue makes a queue with room for n values. The end of the loop l ends all waits of the
// queue. NewQueue panics if l is nil or n is below 1.
func NewQueue[T any](l *Loop, n int) *Queue[T] {
	need(l != nil, "NewQueue", "l")
	if n < 1 {
		panic(fmt.Sprintf("loop: NewQueue: room for %d values: must be above 0", n))
	}
	return &Queue[T]{bound: n, loop: l}
}

// Len returns the number of values in the queue.
func (q *Queue[T]) Len() int {
	q.mu.Lock()
	defer q.mu.Unlock()
	return len(q.items)
}

// TryPut puts v into the queue and returns true. It returns false if the queue is full or closed.
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

// TryGet removes the first value and returns it. ok is false if the queue is empty.
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

// wakeOne wakes the first waiter that still waits.
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

// Put adds v to the queue. It suspends the task until the queue has room.
//
// Errors: ErrQueueClosed; context.Canceled after Task.Cancel; net.ErrClosed at the end of the loop;
// an error for a nil t.
func (q *Queue[T]) Put(t *Task, v T) error {
	if t == nil {
		return missing("Queue.Put", "t")
	}
	return q.put(v, func(f Future[struct{}]) error { _, err := f.Await(t); return err })
}

// PutContext adds v to the queue. It blocks the goroutine until the queue has room, or until ctx
// ends. A nil ctx never ends.
//
// Errors: those of Put; the cause of ctx; ErrOnLoop.
func (q *Queue[T]) PutContext(ctx context.Context, v T) error {
	if err := checkWait(); err != nil {
		return err
	}
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

// Get removes the first value and returns it. It suspends the task until the queue has a value.
//
// Errors: those of Put.
func (q *Queue[T]) Get(t *Task) (T, error) {
	if t == nil {
		return *new(T), missing("Queue.Get", "t")
	}
	return q.get(func(f Future[struct{}]) error { _, err := f.Await(t); return err })
}

// GetContext does the same as Get, but blocks the goroutine until the queue has a value, or until
// ctx ends. A nil ctx never ends.
//
// Errors: those of PutContext.
func (q *Queue[T]) GetContext(ctx context.Context) (T, error) {
	if err := checkWait(); err != nil {
		return *new(T), err
	}
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

// wait waits in a list until another try may succeed. It calls ready with mu held.
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
	if err == nil {
		return nil
	}
	woken := !p.Reject(err) && p.failure() == nil
	q.mu.Lock()
	defer q.mu.Unlock()
	if woken {
		wakeOne(list) // it was woken at the last moment: wake another
	} else {
		withdraw(list, p)
	}
	return err
}

// withdraw removes a waiter whose wait has ended. Otherwise waits that end by a timeout would stay
// in the list until something wakes them.
func withdraw(waiting *[]*Promise[struct{}], p *Promise[struct{}]) {
	if i := slices.Index(*waiting, p); i >= 0 {
		*waiting = slices.Delete(*waiting, i, i+1)
	}
}

// Close closes the queue. After that Put fails, and Get fails once the queue is empty.
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

// A Selectable is a Future of any type.
type Selectable interface {
	Settled() bool
	whenSettled(l *Loop, by *completion, fn func())
	forget(by *completion)
}

// Select suspends the task until one of several futures is settled, and returns the index of that
// one. If several are settled already, it returns the first of them. The other futures continue.
//
//	i, err := loop.Select(t, answer, timeout, quit)
//
// Errors: context.Canceled after Task.Cancel; net.ErrClosed at the end of the loop; an error for a
// nil t or a nil future. Without futures, Select waits for one of the first two.
func Select(t *Task, futures ...Selectable) (int, error) {
	if t == nil {
		return 0, missing("Select", "t")
	}
	for i, f := range futures {
		if f == nil {
			return 0, missing("Select", fmt.Sprintf("futures[%d]", i))
		}
	}
	for i, f := range futures {
		if f.Settled() {
			return i, nil
		}
	}
	p := NewPromise[int](t.loop)
	for i, f := range futures {
		f.whenSettled(t.loop, &p.c, func() { p.Resolve(i) })
	}
	defer func() {
		for _, f := range futures { // one may stay open for long, as that of the end of the program
			f.forget(&p.c)
		}
	}()
	return p.Future().Await(t)
}

// whenSettled runs fn on l once the future has its result, for the Select that waits for by.
func (f Future[T]) whenSettled(l *Loop, by *completion, fn func()) {
	if f.c == nil {
		l.later(fn)
		return
	}
	f.c.then(then{l, func(error) { fn() }, by})
}

// forget drops the functions of whenSettled for by that have not run.
func (f Future[T]) forget(by *completion) {
	if f.c != nil {
		f.c.drop(by)
	}
}

// failure returns the error with which the promise was settled.
func (p *Promise[T]) failure() error {
	p.c.mu.Lock()
	defer p.c.mu.Unlock()
	return p.c.err
}
