package loop

import (
	"context"
	"errors"
	"net"
	"runtime"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"
)

// workersStage is a stage on which few functions that block run at once.
func workersStage(t *testing.T, workers int) *stage {
	t.Helper()
	core, logs := observer.New(zap.DebugLevel)
	p := newScript()
	l, err := New(&Config{Workers: workers, Clock: p.clock, Logger: zap.New(core), NewPoller: func() (Poller, error) { return p, nil }})
	if err != nil {
		t.Fatal(err)
	}
	return &stage{Loop: l, t: t, p: p, logs: logs, next: 1 << 20}
}

// Whatever would end a wait of the task ends the function's context, by the same error; DoWith waits for the function all the same.
func TestDoWithEnds(t *testing.T) {
	for _, tt := range []struct {
		name string
		end  func(s *stage, task *Task, cancel context.CancelCauseFunc)
		want error
	}{
		{"by the task's Cancel", func(_ *stage, task *Task, _ context.CancelCauseFunc) { task.Cancel() }, context.Canceled},
		{"by the task's Cancel, twice", func(_ *stage, task *Task, _ context.CancelCauseFunc) { task.Cancel(); task.Cancel() }, context.Canceled},
		{"by the context", func(_ *stage, _ *Task, cancel context.CancelCauseFunc) { cancel(errWhy) }, errWhy},
		{"by the end of the loop", func(s *stage, _ *Task, _ context.CancelCauseFunc) { go s.Close() }, net.ErrClosed},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := newStage(t)
			s.run()
			ctx, cancel := context.WithCancelCause(t.Context())
			defer cancel(nil)
			begun, ended, release := make(chan struct{}), make(chan error, 1), make(chan struct{})
			var returned atomic.Bool
			over := make(chan error, 1)
			task := s.Go(func(task *Task) {
				err := task.DoWith(ctx, func(ctx context.Context) error {
					close(begun)
					<-ctx.Done()
					ended <- context.Cause(ctx)
					<-release
					returned.Store(true)
					return errFull
				})
				if !returned.Load() {
					err = errors.New("the function has not returned")
				}
				over <- err
			})
			receive(t, "the function", begun)
			tt.end(s, task, cancel)
			if err := receive(t, "the end of the context", ended); err != tt.want {
				t.Errorf("the context ended with %v, want %v", err, tt.want)
			}
			close(release)
			if err := receive(t, "the end of DoWith", over); err != errFull {
				t.Errorf("DoWith: %v, want the function's error", err)
			}
		})
	}
}

// A cancel from before is for the next wait, and DoWith is one; a cancel that ended its context is not for the next any more.
func TestDoWithAndOtherWaits(t *testing.T) {
	s := newStage(t)
	s.run()
	results := make(chan error, 4)
	release := make(chan struct{})
	task := s.Go(func(task *Task) {
		results <- task.Do(func() error { <-release; return nil })
		results <- task.DoWith(nil, func(context.Context) error { t.Error("it runs"); return nil })
		results <- task.DoWith(nil, func(ctx context.Context) error { <-ctx.Done(); return context.Cause(ctx) })
		results <- task.DoWith(nil, func(ctx context.Context) error { return ctx.Err() })
	})
	task.Cancel()
	s.idle()
	close(release)
	for i, want := range []error{nil, context.Canceled} {
		if err := receive(t, "a wait", results); err != want {
			t.Errorf("wait %d: %v, want %v", i, err, want)
		}
	}
	task.Cancel()
	for i, want := range []error{context.Canceled, nil} {
		if err := receive(t, "a wait", results); err != want {
			t.Errorf("wait %d of the others: %v, want %v", i, err, want)
		}
	}
}

// What ends the function's goroutine, or what a stranger asks for, is an error.
func TestDoWithFails(t *testing.T) {
	s := newStage(t)
	s.run()
	results := make(chan error, 3)
	waiting := s.Go(func(task *Task) { task.Sleep(time.Hour) })
	s.Go(func(task *Task) {
		results <- task.DoWith(nil, func(context.Context) error { panic("oh no") })
		results <- task.DoWith(nil, func(context.Context) error { runtime.Goexit(); return nil })
		results <- waiting.DoWith(nil, func(context.Context) error { t.Error("it runs"); return nil })
	})
	var p *PanicError
	if err := receive(t, "DoWith", results); !errors.As(err, &p) || p.Value != "oh no" {
		t.Errorf("DoWith of a panic: %v, want a *PanicError", err)
	}
	if err := receive(t, "DoWith", results); err != errGoexit {
		t.Errorf("DoWith of a function that ends its goroutine: %v", err)
	}
	if err := receive(t, "DoWith", results); err != errNotRunning {
		t.Errorf("DoWith of a task that waits: %v, want %v", err, errNotRunning)
	}
}

// Functions of DoWith take no places of the pool; of Loop.Do and Task.Do together no more than the places run at once, in the order in which
// they came.
func TestLoopDoIsBounded(t *testing.T) {
	s := workersStage(t, 1)
	s.run()
	const n = 10
	begun, release := make(chan int, 3*n), make(chan struct{})
	for i := range n {
		s.Go(func(task *Task) {
			task.DoWith(nil, func(context.Context) error {
				begun <- i
				<-release
				return nil
			})
		})
	}
	for range n {
		receive(t, "a function of DoWith", begun)
	}
	close(release)

	waits := func() int {
		s.pool.mu.Lock()
		defer s.pool.mu.Unlock()
		return len(s.pool.pending)
	}
	next := make(chan struct{})
	work := func(i int) func() error {
		return func() error {
			begun <- i
			<-next
			return nil
		}
	}
	for i := range 2 * n {
		if i%2 == 0 {
			go s.Do(work(i))
		} else {
			s.Go(func(task *Task) { task.Do(work(i)) })
		}
		until(t, "it has a place or waits for one", func() bool { return waits() == i && s.pool.taken() == 1 })
	}
	for i := range 2 * n {
		if got := receive(t, "a function", begun); got != i {
			t.Errorf("%d begins in place of %d", got, i)
		}
		if len(begun) > 0 {
			t.Fatal("two run at once")
		}
		next <- struct{}{}
	}
	until(t, "all places are free", func() bool { return s.pool.taken() == 0 })
}

func (p *pool) taken() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.running
}

// A place is given up whatever becomes of the function, and nobody on the loop may wait for one.
func TestLoopDoFails(t *testing.T) {
	s := workersStage(t, 1)
	s.run()
	var p *PanicError
	if err := s.Do(func() error { panic("oh no") }); !errors.As(err, &p) {
		t.Errorf("Do of a panic: %v, want a *PanicError", err)
	}
	within(t, "Goexit", func() {
		gone := make(chan struct{})
		go func() {
			defer close(gone)
			s.Do(func() error { runtime.Goexit(); return nil })
		}()
		<-gone
	})
	if err := s.Do(func() error { return errFull }); err != errFull {
		t.Errorf("Do: %v, want the function's error", err)
	}
	results := make(chan error, 2)
	never := func() error { t.Error("it runs"); return nil }
	s.Post(func() { results <- s.Do(never) })
	s.Go(func(*Task) { results <- s.Do(never) })
	for range 2 {
		if err := receive(t, "Do on the loop", results); err != ErrOnLoop {
			t.Errorf("Do on the loop: %v, want ErrOnLoop", err)
		}
	}
}
