package loop

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"runtime"
	"sync/atomic"
	"testing"
	"time"

	"github.com/polluxio/pollux/timeouts"
)

var background = context.Background()

// workersStage returns a stage that runs only few blocking functions at once.
func workersStage(t *testing.T, workers int) *stage {
	t.Helper()
	logs := new(logbook)
	p := newScript()
	l, err := New(&Config{Workers: workers, Clock: p.clock, Logger: slog.New(logs), NewPoller: func() (Poller, error) { return p, nil }})
	if err != nil {
		t.Fatal(err)
	}
	return &stage{Loop: l, t: t, p: p, logs: logs, next: 1 << 20}
}

// wantWaits checks how the waits of a task have ended.
func wantWaits(t *testing.T, results <-chan error, want ...error) {
	t.Helper()
	for i, want := range want {
		if err := receive(t, "a wait", results); err != want {
			t.Errorf("wait %d: %v, want %v", i, err, want)
		}
	}
}

// An event that would end a wait of the task ends the function's context with the same error.
// DoWith still waits for the function.
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

// An earlier cancel ends the next wait, and DoWith is a wait. A cancel that has ended its context
// does not end the wait after it.
func TestDoWithAndOtherWaits(t *testing.T) {
	s := newStage(t)
	s.run()
	results := make(chan error, 4)
	release := make(chan struct{})
	task := s.Go(func(task *Task) {
		results <- task.Do(func() error { <-release; return nil })
		results <- task.DoWith(background, func(context.Context) error { t.Error("it runs"); return nil })
		results <- task.DoWith(background, func(ctx context.Context) error { <-ctx.Done(); return context.Cause(ctx) })
		results <- task.DoWith(background, func(ctx context.Context) error { return ctx.Err() })
	})
	task.Cancel()
	s.idle()
	close(release)
	wantWaits(t, results, nil, context.Canceled)
	task.Cancel()
	wantWaits(t, results, context.Canceled, nil)
}

// If the function's goroutine ends, or if another goroutine calls DoWith, the result is an error.
func TestDoWithFails(t *testing.T) {
	s := newStage(t)
	s.run()
	results := make(chan error, 3)
	waiting := s.Go(func(task *Task) { task.Sleep(time.Hour) })
	s.Go(func(task *Task) {
		results <- task.DoWith(background, func(context.Context) error { panic("oh no") })
		results <- task.DoWith(background, func(context.Context) error { runtime.Goexit(); return nil })
		results <- waiting.DoWith(background, func(context.Context) error { t.Error("it runs"); return nil })
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

// Functions of DoWith take no places of the pool. Of the functions of Loop.Do and Task.Do together,
// no more run at once than the pool has places. They run in the order in which they came.
func TestLoopDoIsBounded(t *testing.T) {
	s := workersStage(t, 1)
	s.run()
	const n = 10
	begun, release := make(chan int, 3*n), make(chan struct{})
	for i := range n {
		s.Go(func(task *Task) {
			task.DoWith(background, func(context.Context) error {
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

// A function gives its place up, however it ends. No code on the loop may wait for a place.
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
	results := make(chan error, 3)
	never := func() error { t.Error("it runs"); return nil }
	other := newStage(t)
	other.run()
	s.Post(func() { results <- s.Do(never) })
	s.Go(func(*Task) { results <- s.Do(never) })
	other.Post(func() { results <- s.Do(never) })
	for range 3 {
		if err := receive(t, "Do on the loop", results); err != ErrOnLoop {
			t.Errorf("Do on the loop: %v, want ErrOnLoop", err)
		}
	}
}

// If the function ignores a cancel, or if the cancel comes just after its return, it ends the next
// wait.
func TestDoWithAndCancelThatIsLate(t *testing.T) {
	t.Run("not heeded", func(t *testing.T) {
		s := newStage(t)
		s.run()
		results := make(chan error, 2)
		begun, release := make(chan struct{}), make(chan struct{})
		task := s.Go(func(task *Task) {
			results <- task.DoWith(background, func(context.Context) error { close(begun); <-release; return nil })
			results <- task.Sleep(time.Hour)
		})
		receive(t, "the function", begun)
		task.Cancel()
		s.idle()
		close(release)
		wantWaits(t, results, nil, context.Canceled)
	})
	t.Run("after the function", func(t *testing.T) {
		s := newStage(t)
		results := make(chan error, 2)
		task := s.Go(func(task *Task) {
			results <- task.DoWith(background, func(context.Context) error { return nil })
			results <- task.Sleep(time.Hour)
		})
		s.turn()
		until(t, "the function has returned", func() bool { return s.posted.some.Load() })
		task.end(context.Canceled) // as after an earlier Cancel
		s.turns()
		wantWaits(t, results, nil, context.Canceled)
	})
}

// A goroutine's operation joins the named loop if the descriptor is on none.
func TestHome(t *testing.T) {
	s, other := newStage(t), newStage(t)
	for _, on := range []*stage{nil, other} {
		fd := s.descriptor()
		want := s.Loop
		if on != nil {
			want = on.Loop
			if err := fd.Join(want); err != nil {
				t.Fatal(err)
			}
		}
		over := s.goDo(t.Context(), fd, &Op{Call: Call{Timeout: timeouts.Forever, Home: s.Loop}, Attempt: &play{parts: []part{again}}})
		if fd.Loop() != want {
			t.Errorf("it is on %p, want %p", fd.Loop(), want)
		}
		fd.Close()
		if err := receive(t, "the end of the operation", over); err != net.ErrClosed {
			t.Error(err)
		}
	}
}

// A promise that stands for an operation sees the end of its loop. The function that carries out
// the operation settles it. If no such function is left, the loop settles it after its tasks have
// ended.
func TestPromiseOfOperationAtTheEnd(t *testing.T) {
	s := newStage(t)
	s.run()
	carried, orphan := NewPromise[int](s.Loop), NewPromise[int](s.Loop)
	ctx, cancel := context.WithCancelCause(t.Context())
	carried.CancelBy(cancel)
	orphan.CancelBy(func(error) {})
	s.Go(func(task *Task) {
		task.DoWith(ctx, func(ctx context.Context) error {
			<-ctx.Done()
			for range 1000 { // as an operation that ends slowly
				runtime.Gosched()
			}
			carried.ResolveWith(7, context.Cause(ctx))
			return nil
		})
	})
	type result struct {
		n   int
		err error
	}
	results := make(chan result, 2)
	for _, p := range []*Promise[int]{carried, orphan} {
		go func() {
			n, err := p.Future().Wait(t.Context())
			results <- result{n, err}
		}()
	}
	until(t, "both are waited for", func() bool { return s.promised.count() == 2 })
	within(t, "Close", func() { s.Close() })
	if a, b := receive(t, "a result", results), receive(t, "a result", results); a.n+b.n != 7 || a.err != net.ErrClosed || b.err != net.ErrClosed {
		t.Errorf("%v and %v, want 7 and 0, of a closed loop", a, b)
	}
	late := NewPromise[int](s.Loop)
	late.CancelBy(func(error) { t.Error("nothing is left to cancel") })
	if _, err := late.Future().Wait(t.Context()); err != net.ErrClosed {
		t.Errorf("a promise of a loop that has ended: %v", err)
	}
}

func (ps *promises) count() int {
	ps.mu.Lock()
	defer ps.mu.Unlock()
	return len(ps.waiting)
}
