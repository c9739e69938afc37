package loop

import (
	"context"
	"fmt"
	"sync"
)

// A Semaphore lets at most so many in at once. Tasks of any loop and goroutines share it, and enter
// in the order in which they came.
type Semaphore struct {
	mu      sync.Mutex
	free    int                  // mu
	waiting []*Promise[struct{}] // mu
	loop    *Loop
}

// NewSemaphore makes one with n places. l is the loop whose end ends waits too. It panics if n is
// below 1.
func NewSemaphore(l *Loop, n int) *Semaphore {
	if n < 1 {
		panic(fmt.Sprintf("loop: NewSemaphore: %d places: must be above 0", n))
	}
	return &Semaphore{free: n, loop: l}
}

// TryAcquire takes a place if one is free.
func (s *Semaphore) TryAcquire() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.free == 0 {
		return false
	}
	s.free--
	return true
}

// Acquire suspends the task until a place is its own.
//
// Errors: the cause of Cancel, net.ErrClosed at the end of the loop; then there is no place to
// release.
func (s *Semaphore) Acquire(t *Task) error {
	return s.acquire(func(f Future[struct{}]) error { _, err := f.Await(t); return err })
}

// AcquireContext blocks the goroutine until a place is its own, or ctx ends.
//
// Errors: those of Acquire; the cause of ctx; ErrOnLoop.
func (s *Semaphore) AcquireContext(ctx context.Context) error {
	return s.acquire(func(f Future[struct{}]) error { _, err := f.Wait(ctx); return err })
}

func (s *Semaphore) acquire(wait func(Future[struct{}]) error) error {
	if s.TryAcquire() {
		return nil
	}
	p := NewPromise[struct{}](s.loop)
	s.mu.Lock()
	if s.free > 0 {
		s.free--
		s.mu.Unlock()
		return nil
	}
	s.waiting = append(s.waiting, p)
	s.mu.Unlock()
	err := wait(p.Future())
	if err != nil && !p.Reject(err) && p.failure() == nil {
		s.Release() // the place was given at the last moment
	}
	return err
}

// Release gives a place back. Each Acquire has one Release: more would make places that
// NewSemaphore did not give.
func (s *Semaphore) Release() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for len(s.waiting) > 0 {
		p := s.waiting[0]
		s.waiting[0] = nil
		s.waiting = s.waiting[1:]
		if p.Resolve(struct{}{}) { // else its wait has ended
			return
		}
	}
	s.free++
}
