package loop

import (
	"sync"
	"sync/atomic"
)

// work is one thing for the last step of a turn: exactly one field is set.
type work struct {
	fn   func()
	task *Task
	fd   *FD
}

// A queue takes work from any goroutine. Its two slices change places, so in the long run it
// allocates nothing.
type queue struct {
	mu     sync.Mutex
	items  []work
	spare  []work
	closed bool
	some   atomic.Bool // items is not empty: to ask costs no lock
}

func (q *queue) push(w work) bool {
	q.mu.Lock()
	ok := !q.closed
	if ok {
		q.items = append(q.items, w)
		q.some.Store(true)
	}
	q.mu.Unlock()
	return ok
}

// close refuses whatever comes from now on, unless there is something left to take.
func (q *queue) close() bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.closed = len(q.items) == 0
	return q.closed
}

// take empties the queue. The result is valid until the next take.
func (q *queue) take() []work {
	q.mu.Lock()
	items := q.items
	q.items, q.spare = q.spare[:0], items
	q.some.Store(false)
	q.mu.Unlock()
	return items
}
