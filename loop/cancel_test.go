package loop

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/polluxio/pollux"
	"github.com/polluxio/pollux/timeouts"
)

// A cancel ends the operation and never the descriptor, in every mode and at every stage. A reused
// Op is another operation.

var errWhy = errors.New("the reason")

// goDo starts an operation on a goroutine and waits until it is queued.
func (s *stage) goDo(ctx context.Context, fd *FD, o *Op) <-chan error {
	s.t.Helper()
	before := fd.length(o.Lane)
	over := make(chan error, 1)
	go func() { over <- do(fd, ByContext(ctx), o) }()
	until(s.t, "the operation is queued", func() bool { return fd.length(o.Lane) > before })
	return over
}

func TestContext(t *testing.T) {
	t.Run("ended before", func(t *testing.T) {
		s := newStage(t)
		ctx, cancel := context.WithCancelCause(context.Background())
		cancel(errWhy)
		p := &play{}
		if err := do(s.joined(), ByContext(ctx), &Op{Call: Call{Timeout: timeouts.Forever}, Attempt: p}); err != errWhy || p.tries != 0 {
			t.Errorf("got %v after %d attempts, want the cause after none", err, p.tries)
		}
	})
	t.Run("ends while queued", func(t *testing.T) {
		s := newStage(t)
		fd := s.joined()
		ctx, cancel := context.WithCancelCause(context.Background())
		over := s.goDo(ctx, fd, &Op{Call: Call{Timeout: timeouts.Forever}, Attempt: &play{}})
		behind := s.start(fd, Read, done)
		cancel(errWhy)
		if err := receive(t, "the end of the operation", over); err != errWhy {
			t.Errorf("got %v, want the cause", err)
		}
		behind.want(t, waits, "no edge has come")
		s.turn(s.ready(fd, pollux.Readable))
		behind.want(t, nil, "ready")
	})
	t.Run("ends during an attempt that is done", func(t *testing.T) { testCancelWhileTrying(t, done, nil) })
	t.Run("ends during an attempt that is not ready", func(t *testing.T) { testCancelWhileTrying(t, again, errWhy) })
	t.Run("ends afterwards", func(t *testing.T) {
		s := newStage(t)
		fd := s.joined()
		ctx, cancel := context.WithCancelCause(context.Background())
		o := &Op{Call: Call{Timeout: timeouts.Forever}, Attempt: &play{parts: []part{again, done}}}
		over := s.goDo(ctx, fd, o)
		s.turn(s.ready(fd, pollux.Readable))
		if err := receive(t, "the end of the operation", over); err != nil {
			t.Errorf("got %v", err)
		}
		over = s.goDo(context.Background(), fd, o) // the same again
		cancel(errWhy)
		s.turns()
		if n := fd.length(Read); n != 1 {
			t.Errorf("%d operations wait, want the one with another context", n)
		}
		fd.Close()
		receive(t, "the end of the operation", over)
	})
	t.Run("that cannot end", func(t *testing.T) {
		s := newStage(t)
		fd := s.joined()
		over := s.goDo(context.Background(), fd, &Op{Call: Call{Timeout: timeouts.Forever}, Attempt: &play{parts: []part{again, done}}})
		s.turn(s.ready(fd, pollux.Readable))
		if err := receive(t, "the end of the operation", over); err != nil {
			t.Errorf("got %v", err)
		}
	})
}

// testCancelWhileTrying ends a goroutine's context during the attempt for which the goroutine was
// woken.
func testCancelWhileTrying(t *testing.T, last part, want error) {
	s := newStage(t)
	fd := s.joined()
	ctx, cancel := context.WithCancelCause(context.Background())
	o := &Op{Call: Call{Timeout: timeouts.Forever}}
	last.during = func() { cancel(errWhy) }
	o.Attempt = &play{parts: []part{again, last}}
	over := s.goDo(ctx, fd, o)
	s.turn(s.ready(fd, pollux.Readable))
	if err := receive(t, "the end of the operation", over); err != want {
		t.Errorf("got %v, want %v: the attempt decides", err, want)
	}
}

func TestFutureCancel(t *testing.T) {
	t.Run("queued", func(t *testing.T) {
		s := newStage(t)
		fd := s.joined()
		a := s.start(fd, Read)
		b := s.start(fd, Read, done)
		a.Cancel()
		a.want(t, context.Canceled, "canceled")
		b.want(t, waits, "another's cancel is none of its")
		a.Cancel()
		s.turn(s.ready(fd, pollux.Readable))
		b.want(t, nil, "ready")
	})
	for _, tt := range []struct {
		name string
		last part
		want any
	}{
		{"tried, and done", done, nil},
		{"tried, and not ready", again, context.Canceled},
		{"tried, and failed", part{err: errFull}, errFull},
		{"tried, and done in part", part{out: Outcome{N: 5, More: true}, err: ErrAgain}, context.Canceled},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := newStage(t)
			fd := s.joined()
			var a *act
			tt.last.during = func() { a.Cancel() }
			a = s.start(fd, Read, again, tt.last)
			s.turn(s.ready(fd, pollux.Readable))
			a.want(t, tt.want, "the attempt decides")
			if fd.length(Read) != 0 {
				t.Error("it is queued still")
			}
		})
	}
	t.Run("settled", func(t *testing.T) {
		s := newStage(t)
		a := s.start(s.joined(), Read, done)
		a.Cancel()
		a.want(t, nil, "it was done before")
	})
	t.Run("by the end of a wait", func(t *testing.T) {
		s := newStage(t)
		a := s.start(s.joined(), Read)
		ctx, cancel := context.WithCancelCause(context.Background())
		cancel(errWhy)
		if _, err := a.Wait(ctx); err != errWhy {
			t.Errorf("got %v, want the cause", err)
		}
		a.want(t, errWhy, "its buffer is the caller's again")
	})
}

// An Op may be reused once it is settled, in any way. A cancel of its last use has no effect on the
// next.
func TestOpUsedAgain(t *testing.T) {
	for _, tt := range []struct {
		name string
		use  func(s *stage, fd *FD, o *Op) // and settle
	}{
		{"after a future settled at birth", func(s *stage, fd *FD, o *Op) {
			o.Attempt = &play{parts: []part{done}}
			Start(fd, s.Loop, o, new(int))
		}},
		{"after a future", func(s *stage, fd *FD, o *Op) {
			o.Attempt = &play{parts: []part{again, done}}
			Start(fd, s.Loop, o, new(int))
			s.turn(s.ready(fd, pollux.Readable))
		}},
		{"after a canceled future", func(s *stage, fd *FD, o *Op) {
			o.Attempt = &play{}
			Start(fd, s.Loop, o, new(int)).Cancel()
		}},
		{"after a task's wait", func(s *stage, fd *FD, o *Op) {
			o.Attempt = &play{parts: []part{again, done}}
			s.Go(func(task *Task) { do(fd, ByTask(task), o) })
			s.turn()
			s.turn(s.ready(fd, pollux.Readable))
		}},
		{"after a goroutine's wait", func(s *stage, fd *FD, o *Op) {
			o.Attempt = &play{parts: []part{again, done}}
			over := s.goDo(context.Background(), fd, o)
			s.turn(s.ready(fd, pollux.Readable))
			receive(s.t, "the end of the operation", over)
		}},
	} {
		t.Run(tt.name+", by a goroutine", func(t *testing.T) {
			s := newStage(t)
			fd := s.joined()
			o := &Op{Call: Call{Timeout: timeouts.Forever}}
			tt.use(s, fd, o)
			o.Attempt = &play{parts: []part{again, done}}
			over := s.goDo(context.Background(), fd, o)
			s.turn(s.ready(fd, pollux.Readable))
			until(t, "it has tried", func() bool { return fd.waiting(Read) > 0 || len(over) > 0 })
			s.turn(s.ready(fd, pollux.Readable))
			if err := receive(t, "the end of the operation", over); err != nil {
				t.Error(err)
			}
		})
		t.Run(tt.name+", by a task", func(t *testing.T) {
			s := newStage(t)
			fd := s.joined()
			o := &Op{Call: Call{Timeout: timeouts.Forever}}
			tt.use(s, fd, o)
			o.Attempt = &play{parts: []part{again, done}}
			result := ErrAgain
			s.Go(func(task *Task) { result = do(fd, ByTask(task), o) })
			s.turn()
			s.turn(s.ready(fd, pollux.Readable))
			s.turn(s.ready(fd, pollux.Readable))
			if result != nil {
				t.Errorf("got %v", result)
			}
		})
		t.Run(tt.name+", by a future", func(t *testing.T) {
			s := newStage(t)
			fd := s.joined()
			o := &Op{Call: Call{Timeout: timeouts.Forever}}
			tt.use(s, fd, o)
			o.Attempt = &play{parts: []part{again, done}}
			f := Start(fd, s.Loop, o, new(int))
			s.turn(s.ready(fd, pollux.Readable))
			s.turn(s.ready(fd, pollux.Readable))
			if !f.Settled() {
				t.Error("it waits still")
			}
		})
	}
}

func TestCancelOfTheLastUse(t *testing.T) {
	s := newStage(t)
	fd, other := s.joined(), s.joined()
	o := &Op{Call: Call{Timeout: timeouts.Forever}, Attempt: &play{parts: []part{again, done}}}
	stale := Start(fd, s.Loop, o, new(int))
	s.turn(s.ready(fd, pollux.Readable))
	o.Attempt = &play{parts: []part{again, done}}
	f := Start(other, s.Loop, o, new(int))
	stale.Cancel()
	if f.Settled() {
		_, err := f.Wait(t.Context())
		t.Fatalf("a cancel of the Op's last use has ended this one: %v", err)
	}
	s.turn(s.ready(other, pollux.Readable))
	if _, err := f.Wait(t.Context()); err != nil {
		t.Error(err)
	}
}

// The holder of a future may cancel it at any time, even if another goroutine already reuses the Op
// on another descriptor.
func TestCancelOfTheLastUseAtOnce(t *testing.T) {
	s := newStage(t)
	fd, other := s.joined(), s.joined()
	o := &Op{Call: Call{Timeout: timeouts.Forever}}
	for range 200 {
		o.Attempt = &play{parts: []part{again, done}}
		stale := Start(fd, s.Loop, o, new(int))
		var canceler sync.WaitGroup
		for range 2 { // either may end the first use; neither may end the second
			canceler.Go(stale.Cancel)
		}
		for !stale.Settled() {
			s.turn(s.ready(fd, pollux.Readable))
		}
		o.Attempt = &play{parts: []part{again, done}}
		f := Start(other, s.Loop, o, new(int))
		canceler.Wait()
		if f.Settled() {
			t.Fatal("a cancel of the Op's last use has ended this one")
		}
		for !f.Settled() {
			s.turn(s.ready(other, pollux.Readable))
		}
	}
}

func TestTaskCancel(t *testing.T) {
	for _, tt := range []struct {
		name string
		wait func(s *stage, task *Task) error // begins to wait, without a limit of its own
	}{
		{"operation", func(s *stage, task *Task) error {
			return do(s.joined(), ByTask(task), &Op{Call: Call{Timeout: timeouts.Forever}, Attempt: &play{}})
		}},
		{"operation with a context", func(s *stage, task *Task) error {
			ctx, cancel := context.WithCancel(context.Background())
			defer cancel()
			return do(s.joined(), ByTask(task).With(ctx), &Op{Call: Call{Timeout: timeouts.Forever}, Attempt: &play{}})
		}},
		{"future", func(s *stage, task *Task) error {
			_, err := s.start(s.joined(), Read).Await(task)
			return err
		}},
		{"promise", func(s *stage, task *Task) error {
			_, err := NewPromise[int](s.Loop).Future().Await(task)
			return err
		}},
		{"sleep", func(s *stage, task *Task) error { return task.Sleep(time.Hour) }},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := newStage(t)
			var got []error
			task := s.Go(func(task *Task) {
				for range 3 {
					got = append(got, tt.wait(s, task))
				}
			})
			s.turn()
			for i := range 2 {
				task.Cancel()
				s.turns()
				if len(got) != i+1 || got[i] != context.Canceled {
					t.Fatalf("cancel %d: waits have come to %v, want one more context.Canceled", i, got)
				}
			}
			if task.Done().Settled() {
				t.Error("a cancel ends one wait, and it has ended the task")
			}
			task.Cancel()
			s.turns()
			if !task.Done().Settled() {
				t.Error("the task has not ended")
			}
			if n := s.Stats().Timers; n != 0 {
				t.Errorf("%d timers are left", n)
			}
		})
	}
	t.Run("before its next wait", func(t *testing.T) {
		s := newStage(t)
		fd := s.joined()
		var got []error
		p := &play{parts: []part{done, again, done}}
		task := s.Go(func(task *Task) {
			task.Yield() // this wait cannot be canceled
			task.Yield()
			for range 3 {
				got = append(got, do(fd, ByTask(task), &Op{Call: Call{Timeout: timeouts.Forever}, Attempt: p}))
			}
		})
		s.turn()
		task.Cancel()
		s.turns()
		s.turn(s.ready(fd, pollux.Readable))
		if want := []error{nil, context.Canceled, nil}; !slices.Equal(got, want) || p.tries != 3 {
			t.Errorf("three operations have come to %v after %d attempts, want %v: the second is the first that must wait", got, p.tries, want)
		}
	})
	t.Run("after its end", func(t *testing.T) {
		s := newStage(t)
		task := s.Go(func(*Task) {})
		s.turn()
		task.Cancel()
		s.turns()
	})
	t.Run("the context of a wait that is over", func(t *testing.T) {
		s := newStage(t)
		fd := s.joined()
		ctx, cancel := context.WithCancel(context.Background())
		o := &Op{Call: Call{Timeout: timeouts.Forever}, Attempt: &play{parts: []part{again, done}}}
		var got []error
		s.Go(func(task *Task) {
			got = append(got, do(fd, ByTask(task).With(ctx), o))
			got = append(got, do(fd, ByTask(task), o)) // the same Op, without the context
		})
		s.turn()
		cancel()
		// The function that the context posts is on its way, but the operation ends first.
		until(t, "the context has posted", func() bool { return s.posted.some.Load() })
		posted := s.posted.take()
		s.turn(s.ready(fd, pollux.Readable))
		for _, w := range posted {
			s.posted.push(w)
		}
		s.turns()
		if len(got) != 1 || got[0] != nil || fd.length(Read) != 1 {
			t.Errorf("waits have come to %v; want the first done, and the second waiting", got)
		}
		fd.Close()
		s.turns()
	})
	t.Run("the context of a wait", func(t *testing.T) {
		s := newStage(t)
		ctx, cancel := context.WithCancelCause(context.Background())
		result := ErrAgain
		s.Go(func(task *Task) {
			result = do(s.joined(), ByTask(task).With(ctx), &Op{Call: Call{Timeout: timeouts.Forever}, Attempt: &play{}})
		})
		s.turn()
		cancel(errWhy)
		until(t, "the context has posted", func() bool { return s.posted.some.Load() })
		s.turns()
		if result != errWhy {
			t.Errorf("got %v, want the cause", result)
		}
	})
}

// An operation that has done a part and is then canceled, by a context or by its task's Cancel,
// gives its lane up.
func TestCancelAfterAPart(t *testing.T) {
	s := newStage(t)
	fd := s.joined()
	part := func(w Waiter) error {
		c := Call{Waiter: w, Lane: Write, Timeout: timeouts.Forever}
		err := fd.Begin(&c)
		if err == nil {
			err = retried(fd, &c, Outcome{N: 1})
		}
		return err
	}
	ctx, cancel := context.WithCancelCause(context.Background())
	got := make(chan error, 1)
	go func() { got <- part(ByContext(ctx)) }()
	until(t, "it waits", func() bool { return fd.length(Write) == 1 })
	cancel(errWhy)
	if err := receive(t, "the end", got); err != errWhy {
		t.Errorf("got %v, want the cause", err)
	}
	s.turn(s.ready(fd, pollux.Writable))
	result := ErrAgain
	task := s.Go(func(task *Task) { result = part(ByTask(task)) })
	s.turn()
	task.Cancel()
	s.turns()
	if result != context.Canceled {
		t.Errorf("got %v, want context.Canceled", result)
	}
	s.turn(s.ready(fd, pollux.Writable))
	if err := enter(fd, Write, false); err != nil {
		t.Errorf("Begin: %v: the lane was not given up", err)
	}
	exit(fd, Write, false, Outcome{}, nil)

}
