package loop

import (
	"context"
	"testing"
	"time"

	"github.com/polluxio/pollux"
	"github.com/polluxio/pollux/timeouts"
)

// A goroutine's wait on a loop's own goroutine could never end. It is refused, and waits on other
// goroutines are not.

// foreverWaits lists the ways to wait as a goroutine. Each waits for an event that does not come
// before ctx ends or fd is closed.
func foreverWaits(ctx context.Context, s *stage, fd *FD) map[string]func() error {
	return map[string]func() error{
		"operation": func() error { return do(fd, Waiter{}, &Op{Call: Call{Timeout: timeouts.Forever}, Attempt: &play{}}) },
		"operation with a context": func() error {
			return do(fd, ByContext(ctx), &Op{Call: Call{Timeout: timeouts.Forever}, Attempt: &play{}})
		},
		"operation with a deadline": func() error {
			return do(fd, Waiter{}, &Op{Call: Call{Timeout: time.Hour}, Attempt: &play{}})
		},
		"future": func() error {
			f := s.start(fd, Read).Future
			defer f.Cancel()
			_, err := f.Wait(ctx)
			return err
		},
		"promise": func() error {
			_, err := NewPromise[int](s.Loop).Future().Wait(ctx)
			return err
		},
		"task": func() error {
			t := s.Go(func(t *Task) { t.Sleep(time.Hour) })
			defer t.Cancel()
			return t.Wait(ctx)
		},
		"end of a task": func() error {
			t := s.Go(func(t *Task) { t.Sleep(time.Hour) })
			defer t.Cancel()
			_, err := t.Done().Wait(ctx)
			return err
		},
	}
}

func TestErrOnLoop(t *testing.T) {
	places := map[string]func(s *stage, do func()){
		"posted function": func(s *stage, do func()) { s.Post(do) },
		"task":            func(s *stage, do func()) { s.Go(func(*Task) { do() }) },
		"task that was resumed": func(s *stage, do func()) {
			s.Go(func(t *Task) {
				t.Yield()
				do()
			})
		},
		"timer": func(s *stage, do func()) { s.After(0, do) },
		"watcher": func(s *stage, do func()) {
			fd := s.descriptor()
			once := false
			if err := fd.Watch(s.Loop, &witness{ready: func(pollux.Ready) {
				if !once {
					once = true
					do()
				}
			}}); err != nil {
				s.t.Error(err)
			}
			s.p.tell(s.ready(fd, pollux.Readable))
		},
		"Then": func(s *stage, do func()) {
			p := NewPromise[int](s.Loop)
			p.Future().Then(func(int, error) { do() })
			p.Resolve(1)
		},
	}
	for place, call := range places {
		for what := range foreverWaits(t.Context(), nil, nil) {
			for _, whose := range []string{"its own loop", "another loop"} {
				t.Run(place+" waits for "+what+" of "+whose, func(t *testing.T) {
					s := newStage(t)
					s.run()
					of := s
					if whose == "another loop" {
						of = newStage(t)
						of.run()
					}
					fd := of.joined()
					got := make(chan error, 1)
					ctx := t.Context() // ends before the loop is closed: a loop that waits for itself cannot close
					call(s, func() { got <- deepen(20, foreverWaits(ctx, of, fd)[what]) })
					s.p.advance(time.Second)
					select {
					case err := <-got:
						if err != ErrOnLoop {
							t.Errorf("got %v, want ErrOnLoop", err)
						}
					case <-time.After(soon):
						t.Error("the loop waits")
						fd.Close()
					}
					if n := fd.length(Read); n != 0 {
						t.Errorf("%d operations are left in the queue", n)
					}
				})
			}
		}
	}
}

// A descriptor that is on no loop would join one of the default reactor's, and the present loop
// would stop until that one serves it. A future of it does not wait.
func TestErrOnLoopBeforeJoin(t *testing.T) {
	s := newStage(t)
	s.run()
	got := make(chan error, 1)
	for what, wait := range map[string]func(fd *FD) error{
		"operation": func(fd *FD) error {
			return do(fd, Waiter{}, &Op{Call: Call{Timeout: timeouts.Forever}, Attempt: &play{}})
		},
		"operation with a context": func(fd *FD) error {
			return do(fd, ByContext(t.Context()), &Op{Call: Call{Timeout: timeouts.Forever}, Attempt: &play{}})
		},
		"attempt of its own": func(fd *FD) error {
			c := Call{Timeout: timeouts.Forever}
			err := fd.Begin(&c)
			if err == nil {
				err = retried(fd, &c, Outcome{})
			}
			return err
		},
	} {
		t.Run(what, func(t *testing.T) {
			fd := s.descriptor()
			s.Post(func() { got <- wait(fd) })
			if err := receive(t, "the wait of a posted function", got); err != ErrOnLoop {
				t.Errorf("in a posted function: %v, want ErrOnLoop", err)
			}
			s.Go(func(*Task) { got <- wait(fd) })
			if err := receive(t, "the wait of a task", got); err != ErrOnLoop {
				t.Errorf("in a task: %v, want ErrOnLoop", err)
			}
			if fd.Loop() != nil || fd.length(Read) != 0 {
				t.Errorf("it is on loop %p, with %d operations in its queue", fd.Loop(), fd.length(Read))
			}
			s.Go(func(task *Task) {
				task.Cancel()
				got <- do(fd, ByTask(task), &Op{Call: Call{Timeout: timeouts.Forever}, Attempt: &play{}})
			})
			if err := receive(t, "the task's own wait", got); err != context.Canceled {
				t.Errorf("a task that is named: %v, want its Cancel", err)
			}
		})
	}
}

// deepen calls fn from deep in the stack, through functions that may be inlined and functions that
// may not.
func deepen(n int, fn func() error) error {
	if n == 0 {
		return fn()
	}
	return func() error { return deepen(n-1, fn) }()
}

// Other goroutines may wait while user code runs on the loop, also for a long time.
func TestOtherGoroutinesMayWait(t *testing.T) {
	s := newStage(t)
	s.run()
	fd := s.joined()
	for what, wait := range foreverWaits(t.Context(), s, fd) {
		t.Run(what, func(t *testing.T) {
			inside, release := make(chan struct{}), make(chan struct{})
			s.Post(func() {
				close(inside)
				<-release
			})
			receive(t, "the posted function", inside)
			got := make(chan error, 1)
			go func() { got <- wait() }()
			select {
			case err := <-got:
				t.Errorf("refused with %v", err)
			case <-time.After(10 * time.Millisecond):
			}
			close(release)
		})
	}
}

// A future that is settled needs no wait, so any goroutine may ask for its result.
func TestResultsOnLoop(t *testing.T) {
	s := newStage(t)
	s.run()
	fd := s.joined()
	p := NewPromise[int](s.Loop)
	p.Resolve(7)
	over := make(chan struct{})
	s.Post(func() {
		defer close(over)
		if err := do(fd, Waiter{}, &Op{Attempt: &play{parts: []part{done}}}); err != nil {
			t.Errorf("an operation that is done at its first attempt: %v", err)
		}
		if v, err := p.Future().Wait(context.Background()); v != 7 || err != nil {
			t.Errorf("a promise that is settled: %d, %v", v, err)
		}
		if v, err := Settled(8, nil).Wait(context.Background()); v != 8 || err != nil {
			t.Errorf("a future that was settled at birth: %d, %v", v, err)
		}
	})
	receive(t, "the posted function", over)
}

func TestMayBlock(t *testing.T) {
	s := newStage(t)
	s.run()
	if err := MayBlock(); err != nil {
		t.Errorf("on a goroutine: %v", err)
	}
	got := make(chan error, 1)
	s.Post(func() { got <- MayBlock() })
	if err := receive(t, "MayBlock", got); err != ErrOnLoop {
		t.Errorf("on a loop: %v, want ErrOnLoop", err)
	}
	s.Go(func(*Task) { got <- deepen(100, MayBlock) })
	if err := receive(t, "MayBlock", got); err != ErrOnLoop {
		t.Errorf("in a task: %v, want ErrOnLoop", err)
	}
	s.Go(func(t *Task) { got <- t.Do(MayBlock) })
	if err := receive(t, "MayBlock", got); err != nil {
		t.Errorf("in a function of Do: %v", err)
	}
}
