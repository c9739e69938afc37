package loop

import "sync"

// work is one thing for the last step of a turn: exactly one field is set.
type work struct {
	fn   func()
	task *Task
	fd   *FD
}

// A queue takes work from any goroutine. Its two slices change places, so in the long run it allocates nothing.
type queue struct {
	mu     sync.Mutex
	items  []work
	spare  []work
	closed bool
}

func (q *queue) push(w work) bool {
	q.mu.Lock()
	ok := !q.closed
	if ok {
		q.items = append(q.items, w)
	}
	q.mu.Unlock()
	return ok
}

// take empties the queue. The result is valid until the next take.
func (q *queue) take() []work {
	q.mu.Lock()
	items := q.items
	q.items, q.spare = q.spare[:0], items
	q.mu.Unlock()
	return items
}

func (q *queue) empty() bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	return len(q.items) == 0
}
