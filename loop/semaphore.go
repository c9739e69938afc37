package loop

import (
	"context"
	"fmt"
	"sync"
)

// A Semaphore limits how many tasks and goroutines hold a place at the same time. Tasks of any loop
// and goroutines share it. They get places in the order of their calls.
type Semaphore struct {
	mu      sync.Mutex
	free    int                  // mu
	waiting []*Promise[struct{}] // mu
	loop    *Loop
}

// NewSemaphore makes a semaphore with n places. The end of the loop l ends all waits. NewSemaphore
// panics if l is nil or n is below 1.
func NewSemaphore(l *Loop, n int) *Semaphore {
	need(l != nil, "NewSemaphore", "l")
	if n < 1 {
		panic(fmt.Sprintf("loop: NewSemaphore: %d places: must be above 0", n))
	}
	return &Semaphore{free: n, loop: l}
}

// TryAcquire takes a place and returns true, or returns false if none is free.
func (s *Semaphore) TryAcquire() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.free == 0 {
		return false
	}
	s.free--
	return true
}

// Acquire takes a place. It suspends the task until it has one.
//
// Errors: context.Canceled after Task.Cancel; net.ErrClosed at the end of the loop; an error for a
// nil t. After an error the task has no place to release.
func (s *Semaphore) Acquire(t *Task) error {
	if t == nil {
		return missing("Semaphore.Acquire", "t")
	}
	return s.acquire(func(f Future[struct{}]) error { _, err := f.Await(t); return err })
}

// AcquireContext takes a place. It blocks the goroutine until it has one, or until ctx ends. A nil
// ctx never ends.
//
// Errors: those of Acquire; the cause of ctx; ErrOnLoop.
func (s *Semaphore) AcquireContext(ctx context.Context) error {
	if err := checkWait(); err != nil {
		return err
	}
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
	if err == nil {
		return nil
	}
	if !p.Reject(err) && p.failure() == nil {
		s.Release() // it got the place at the last moment
		return err
	}
	s.mu.Lock()
	withdraw(&s.waiting, p)
	s.mu.Unlock()
	return err
}

// Release gives a place back. Call it once for each Acquire: more calls would make more places than
// NewSemaphore made.
func (s *Semaphore) Release() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for len(s.waiting) > 0 {
		p := s.waiting[0]
		s.waiting[0] = nil
		s.waiting = s.waiting[1:]
		if p.Resolve(struct{}{}) { // otherwise its wait has ended
			return
		}
	}
	s.free++
}
