package loop

import (
	"context"
	"testing"
)

// A Select that is over leaves nothing behind in the futures that are still open. One of them may
// stay open as long as the program runs.
func TestSelectLeavesNothing(t *testing.T) {
	s := newStage(t)
	quit := NewPromise[int](s.Loop)
	for name, end := range map[string]func(task *Task, p *Promise[int]){
		"settled":  func(_ *Task, p *Promise[int]) { p.Resolve(1) },
		"canceled": func(task *Task, _ *Promise[int]) { task.Cancel() },
	} {
		p := NewPromise[int](s.Loop)
		task := s.Go(func(task *Task) { Select(task, quit.Future(), p.Future()) })
		s.turn()
		if n := len(quit.c.thens); n != 1 {
			t.Errorf("%s: %d functions wait, want 1", name, n)
		}
		end(task, p)
		s.turns()
		if !task.Done().Settled() {
			t.Errorf("%s: Select has not returned", name)
		}
		for _, c := range []*completion{&quit.c, &p.c} {
			if n := len(c.thens); n != 0 || c.tracked {
				t.Errorf("%s: %d functions still wait after Select; it is in the loop's list: %v", name, n, c.tracked)
			}
		}
	}
}

// A wait that ends without success leaves the list of those that wait. Otherwise a consumer that
// looks again and again with a timeout would make the list grow for ever.
func TestEndedWaitsLeaveTheList(t *testing.T) {
	s := newStage(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	q := NewQueue[int](s.Loop, 1)
	places := NewSemaphore(s.Loop, 1)
	places.TryAcquire()
	for range 3 {
		if _, err := q.GetContext(ctx); err != context.Canceled {
			t.Errorf("Get: %v", err)
		}
		if err := places.AcquireContext(ctx); err != context.Canceled {
			t.Errorf("Acquire: %v", err)
		}
		for _, wait := range []func(task *Task) error{
			func(task *Task) error { _, err := q.Get(task); return err },
			places.Acquire,
		} {
			task := s.Go(func(task *Task) {
				if err := wait(task); err != context.Canceled {
					t.Errorf("a task: %v", err)
				}
			})
			s.turn()
			task.Cancel()
			s.turns()
		}
	}
	q.TryPut(1)
	for range 3 {
		if err := q.PutContext(ctx, 2); err != context.Canceled {
			t.Errorf("Put: %v", err)
		}
	}
	if len(q.some) != 0 || len(q.room) != 0 || len(places.waiting) != 0 {
		t.Errorf("in the lists: %d for Get, %d for Put, %d for Acquire; want none", len(q.some), len(q.room), len(places.waiting))
	}
}
