package loop

import (
	"os"
	"testing"
	"time"

	"github.com/polluxio/pollux"
	"github.com/polluxio/pollux/timeouts"
)

// The debug mode finds a blocking call on a loop's goroutine even if it would complete at once.

// checking switches the debug mode on or off for a test.
func checking(t *testing.T, on bool) {
	before := checksWaits.Swap(on)
	t.Cleanup(func() { checksWaits.Store(before) })
}

// callers run a function in every place of a loop where user code can call it.
var callers = map[string]func(s *stage, call func(task *Task)){
	"posted function": func(s *stage, call func(*Task)) { s.Post(func() { call(nil) }) },
	"timer":           func(s *stage, call func(*Task)) { s.After(0, func() { call(nil) }) },
	"watcher": func(s *stage, call func(*Task)) {
		fd := s.descriptor()
		s.watch(fd, func(pollux.Ready) { call(nil) })
		s.p.tell(s.ready(fd, pollux.Readable))
	},
	"task": func(s *stage, call func(*Task)) { s.Go(call) },
}

func TestDebug(t *testing.T) {
	for name, call := range callers {
		for _, whose := range []string{"its own loop", "another loop", "no loop"} {
			t.Run(name+", of "+whose, func(t *testing.T) {
				checking(t, true)
				s, other := newStage(t), newStage(t)
				s.run() // Run makes a goroutine the loop's
				fd := map[string]func() *FD{"its own loop": s.joined, "another loop": other.joined, "no loop": other.descriptor}[whose]()
				ran := make(chan struct{})
				call(s, func(task *Task) {
					defer close(ran)
					do := func(what string, w Waiter, timeout time.Duration, want error, tries int) {
						p := &play{parts: []part{done}}
						if err := fd.Do(&Call{Waiter: w, Timeout: timeout}, p); err != want || p.tries != tries {
							t.Errorf("%s: %v after %d attempts, want %v after %d", what, err, p.tries, want, tries)
						}
					}
					q, places := NewQueue[int](s.Loop, 1), NewSemaphore(s.Loop, 1)
					if err := q.PutContext(t.Context(), 1); err != ErrOnLoop || q.Len() != 0 {
						t.Errorf("PutContext: %v, want ErrOnLoop", err)
					}
					if _, err := q.GetContext(t.Context()); err != ErrOnLoop {
						t.Errorf("GetContext: %v, want ErrOnLoop", err)
					}
					if err := places.AcquireContext(t.Context()); err != ErrOnLoop || !places.TryAcquire() {
						t.Errorf("AcquireContext: %v, want ErrOnLoop", err)
					}
					do("blocking", Waiter{}, timeouts.Forever, ErrOnLoop, 0)
					do("with a timeout", Waiter{}, time.Second, ErrOnLoop, 0)
					do("with a context", ByContext(t.Context()), timeouts.Forever, ErrOnLoop, 0)
					do("that must not wait", Waiter{}, 0, nil, 1)
					do("that must not wait, with a context", ByContext(t.Context()), 0, nil, 1)
					if task != nil {
						do("by the task", ByTask(task), timeouts.Forever, nil, 1)
						do("by the task, with a context", ByTask(task).With(t.Context()), timeouts.Forever, nil, 1)
					}
					s.start(fd, Write, done).want(t, nil, "a future waits for nothing")
				})
				s.p.advance(time.Second)
				receive(t, "the end of the calls", ran)
			})
		}
	}
}

// Goroutines may wait in the debug mode, also while user code runs on a loop.
func TestDebugAndGoroutines(t *testing.T) {
	checking(t, true)
	s := newStage(t)
	s.run()
	fd := s.joined()
	inside, goOn := make(chan struct{}), make(chan struct{})
	s.Post(func() {
		close(inside)
		<-goOn
	})
	receive(t, "the posted function", inside)
	if err := fd.Do(&Call{Timeout: timeouts.Forever}, &play{parts: []part{done}}); err != nil {
		t.Error(err)
	}
	over := elsewhere(func() error { return fd.Do(&Call{Timeout: timeouts.Forever}, &play{parts: []part{again, done}}) })
	until(t, "it waits", func() bool { return fd.waiting(Read) == 1 })
	close(goOn)
	s.p.tell(s.ready(fd, pollux.Readable))
	if err := receive(t, "a goroutine's operation", over); err != nil {
		t.Error(err)
	}
}

// Without the debug mode, a call that completes at once is not checked and costs nothing.
func TestNoDebug(t *testing.T) {
	checking(t, false) // the race detector switches it on
	for name, call := range callers {
		s := newStage(t)
		s.run()
		fd := s.joined()
		ran := make(chan struct{})
		call(s, func(*Task) {
			defer close(ran)
			if err := fd.Do(&Call{Timeout: timeouts.Forever}, &play{parts: []part{done}}); err != nil {
				t.Errorf("%s: %v, and the call was not to wait", name, err)
			}
			if err := fd.Do(&Call{Timeout: timeouts.Forever}, new(play)); err != ErrOnLoop {
				t.Errorf("%s: %v, want ErrOnLoop of a call that has to wait", name, err)
			}
		})
		s.p.advance(time.Second)
		receive(t, "the end of the calls", ran)
	}
}

func TestDebugIsSwitchedOn(t *testing.T) {
	t.Run("by Config", func(t *testing.T) {
		checking(t, false)
		l, err := New(&Config{NewPoller: sleeper, Logger: silent, Debug: true})
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		if !checksWaits.Load() {
			t.Error("it is off")
		}
	})
	t.Run("by no Config", func(t *testing.T) {
		checking(t, false)
		newStage(t)
		if checksWaits.Load() {
			t.Error("it is on")
		}
	})
	t.Run("by the race detector", func(t *testing.T) {
		if !raceDetector {
			t.Skip("for go test -race")
		}
		if !checksWaits.Load() {
			t.Error("it is off")
		}
	})
}

func TestDebugIsSwitchedOnByTheEnvironment(t *testing.T) {
	if os.Getenv("POLLUX_DEBUG") == "" {
		rerun(t, "POLLUX_DEBUG=1")
		return
	}
	if !checksWaits.Load() {
		t.Error("it is off")
	}
}
