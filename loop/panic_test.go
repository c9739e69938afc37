package loop

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/polluxio/pollux"
	"github.com/polluxio/pollux/internal/bare"
	"github.com/polluxio/pollux/timeouts"
)

// A panic in user code is logged with its stack. It ends its own task or closes its own descriptor,
// and nothing else.

// panicked fails unless the log has n panics, each with its value and a stack that names this file.
func (s *stage) panicked(n int) {
	s.t.Helper()
	found := s.logs.FilterMessageSnippet("panic").FilterLevelExact(slog.LevelError).All()
	if len(found) != n {
		s.t.Fatalf("the log has %d panics, want %d: %v", len(found), n, found)
	}
	for _, e := range found {
		f := e.ContextMap()
		if got := fmt.Sprint(f["panic"]); got != "oh no" {
			s.t.Errorf("logged a panic of %q, want %q", got, "oh no")
		}
		if stack := fmt.Sprintf("%s", f["stack"]); !strings.Contains(stack, "panic_test.go") {
			s.t.Errorf("the stack does not lead here:\n%s", stack)
		}
	}
}

func TestPanicInWatcher(t *testing.T) {
	s := newStage(t)
	bad, good := s.descriptor(), s.descriptor()
	wb := s.watch(bad, func(pollux.Ready) { panic("oh no") })
	wg := s.watch(good, nil)
	waiting := s.start(bad, Write)
	posted := false
	s.Post(func() { posted = true })
	s.turn(s.ready(bad, pollux.Readable), s.ready(good, pollux.Readable))
	s.turns()
	s.panicked(1)
	var p *PanicError
	if len(wb.closed) != 1 || !errors.As(wb.closed[0], &p) || p.Value != "oh no" || len(p.Stack) == 0 {
		t.Errorf("Closed told %v, want a *PanicError once", wb.closed)
	}
	waiting.want(t, closedText, "its descriptor is closed")
	if len(wg.told) != 1 || len(wg.closed) != 0 || !posted {
		t.Errorf("the other got %v and %v; what was posted ran: %v", wg.told, wg.closed, posted)
	}
	if st := s.Stats(); st.Descriptors != 1 {
		t.Errorf("%+v, want the other descriptor", st)
	}
}

func TestPanicInWatcherAfterClose(t *testing.T) {
	s := newStage(t)
	fd := s.descriptor()
	w := s.watch(fd, func(pollux.Ready) {
		fd.Close()
		panic("oh no")
	})
	s.turn(s.ready(fd, pollux.Readable))
	s.turns()
	s.panicked(1)
	if len(w.closed) != 1 {
		t.Errorf("Closed told %v, want once", w.closed)
	}
}

// The loop calls a watcher at an event, after it has stopped early, and after it has backed off.
func TestPanicInWatcherHoweverItIsTold(t *testing.T) {
	for _, tt := range []struct {
		name string
		out  Outcome
		err  error
	}{
		{"stopped early", Outcome{N: 1}, nil},
		{"backed off", Outcome{Retry: &Retry{After: time.Millisecond}}, ErrAgain},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := newStage(t)
			bad, good := s.descriptor(), s.descriptor()
			var wb, wg *witness
			ready := func(fd *FD, w **witness, then func()) func(pollux.Ready) {
				return func(pollux.Ready) {
					if len((*w).told) > 1 {
						then()
						return
					}
					if err := enter(fd, Read, false); err != nil {
						t.Error(err)
					}
					exit(fd, Read, false, tt.out, tt.err)
				}
			}
			wb = s.watch(bad, func(r pollux.Ready) { ready(bad, &wb, func() { panic("oh no") })(r) })
			wg = s.watch(good, func(r pollux.Ready) { ready(good, &wg, func() {})(r) })
			s.turn(s.ready(bad, pollux.Readable), s.ready(good, pollux.Readable))
			s.p.advance(time.Second)
			s.turns()
			s.panicked(1)
			if len(wb.told) != 2 || len(wb.closed) != 1 {
				t.Errorf("it got %v and Closed %v, want twice and once", wb.told, wb.closed)
			}
			if len(wg.told) != 2 || len(wg.closed) != 0 {
				t.Errorf("the other got %v and Closed %v, want twice and never", wg.told, wg.closed)
			}
		})
	}
}

func TestPanicInFunctions(t *testing.T) {
	oh := func() { panic("oh no") }
	for _, tt := range []struct {
		name string
		do   func(s *stage)
	}{
		{"posted", func(s *stage) { s.Post(oh) }},
		{"timer", func(s *stage) { s.After(0, oh) }},
		{"Then", func(s *stage) {
			p := NewPromise[int](s.Loop)
			p.Future().Then(func(int, error) { oh() })
			p.Resolve(1)
		}},
		{"Closed", func(s *stage) {
			fd := s.descriptor()
			fd.Watch(s.Loop, closedFunc(func(error) { oh() }))
			fd.Close()
		}},
		{"task", func(s *stage) { s.Go(func(*Task) { oh() }) }},
		{"task, later", func(s *stage) {
			s.Go(func(t *Task) {
				t.Yield()
				oh()
			})
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := newStage(t)
			tt.do(s)
			ran := false
			s.Post(func() { ran = true })
			s.p.advance(time.Second)
			s.turns()
			s.panicked(1)
			if !ran {
				t.Error("what was posted after it did not run")
			}
		})
	}
}

func TestPanicInEvery(t *testing.T) {
	s := newStage(t)
	times := 0
	s.Every(time.Second, func() { times++; panic("oh no") })
	for range 3 {
		s.p.advance(time.Second + time.Millisecond)
		s.turns()
	}
	if times != 3 {
		t.Errorf("it ran %d times, want 3", times)
	}
	s.panicked(3)
}

func TestPanicInTask(t *testing.T) {
	s := newStage(t)
	task := s.Go(func(*Task) { panic(fmt.Errorf("oh %w", errors.New("no"))) })
	s.turns()
	err := task.Wait(t.Context())
	var p *PanicError
	if !errors.As(err, &p) {
		t.Fatalf("Wait: %v, want a *PanicError", err)
	}
	if cause := errors.Unwrap(p); cause == nil || cause.Error() != "oh no" || p.Error() != "loop: panic: oh no" {
		t.Errorf("%v, around %v", p, cause)
	}
	if (&PanicError{Value: 5}).Unwrap() != nil {
		t.Error("a value that is no error is unwrapped")
	}
}

// runtime.Goexit in user code (as testing's FailNow does) ends the goroutine of the loop. A
// Reactor's loop continues on another goroutine, and does the rest of the turn.

// reactor returns a reactor of one loop, on a script that sleeps.
func reactor(t *testing.T, lock bool) (*Reactor, *stage) {
	t.Helper()
	logs := new(logbook)
	p := newScript()
	p.sleeps = true
	r, err := NewReactor(&Config{
		Loops: 1, LockThreads: lock, Logger: slog.New(logs), Clock: p.clock,
		NewPoller: func() (Poller, error) { return p, nil },
	})
	if err != nil {
		t.Fatal(err)
	}
	return r, &stage{Loop: r.Next(), t: t, p: p, logs: logs, next: 1 << 20}
}

func TestGoexit(t *testing.T) {
	for _, tt := range []struct {
		name string
		do   func(s *stage)
	}{
		{"posted function", func(s *stage) { s.Post(runtime.Goexit) }},
		{"timer", func(s *stage) { s.After(0, runtime.Goexit) }},
		{"task", func(s *stage) { s.Go(func(*Task) { runtime.Goexit() }) }},
		{"Closed", func(s *stage) {
			fd := s.descriptor()
			fd.Watch(s.Loop, closedFunc(func(error) { runtime.Goexit() }))
			fd.Close()
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r, s := reactor(t, false)
			sleeping := s.Go(func(t *Task) { t.Sleep(time.Hour) })
			s.idle()
			// All of this belongs to one turn.
			s.p.mu.Lock()
			s.p.held = true
			s.p.mu.Unlock()
			ran := make(chan int, 3)
			s.Post(func() { ran <- 1 })
			tt.do(s)
			s.Post(func() { ran <- 2 })
			s.Go(func(t *Task) {
				t.Yield()
				ran <- 3
			})
			s.p.mu.Lock()
			s.p.held = false
			s.p.change.Broadcast()
			s.p.mu.Unlock()
			s.p.advance(time.Second)
			for want := 1; want <= 3; want++ {
				if got := receive(t, "what was posted", ran); got != want {
					t.Errorf("%d ran in place of %d", got, want)
				}
			}
			sleeping.Cancel()
			within(t, "the end of a task that was there before", func() { sleeping.Wait(context.Background()) })
			within(t, "Close", func() { r.Close() })
			if n := s.logs.FilterMessageSnippet("ended the loop's goroutine").Len(); n != 1 {
				t.Errorf("it was logged %d times, want once", n)
			}
		})
	}
}

func TestGoexitInWatcher(t *testing.T) {
	r, s := reactor(t, false)
	bad, good := s.descriptor(), s.descriptor()
	closed := make(chan error, 2)
	told := make(chan pollux.Ready, 1)
	if err := bad.Watch(s.Loop, &endingWatcher{closed}); err != nil {
		t.Fatal(err)
	}
	if err := good.Watch(s.Loop, &witness{ready: func(r pollux.Ready) { told <- r }}); err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() {
		done <- do(good, Waiter{}, &Op{Call: Call{Lane: Write, Timeout: timeouts.Forever}, Attempt: &play{parts: []part{again, {}}}})
	}()
	until(t, "the operation is queued", func() bool { return good.length(Write) == 1 })
	s.idle()
	s.p.tell(s.ready(bad, pollux.Readable), s.ready(good, pollux.Readable|pollux.Writable))
	receive(t, "the event of another descriptor, fetched in the same turn", told)
	if err := receive(t, "the end of an operation whose event was fetched in the same turn", done); err != nil {
		t.Error(err)
	}
	if err := receive(t, "Closed", closed); err == nil {
		t.Error("Closed told no error")
	}
	within(t, "Close", func() { r.Close() })
	if len(closed) != 0 {
		t.Error("Closed was called twice")
	}
}

type endingWatcher struct{ closed chan error }

func (w *endingWatcher) Ready(pollux.Ready) { runtime.Goexit() }
func (w *endingWatcher) Closed(err error)   { w.closed <- err }

// A test that fails in a callback while the loop is being closed must not hang in its own cleanup.
func TestGoexitWhileClosing(t *testing.T) {
	r, s := reactor(t, false)
	s.idle() // otherwise Close's own goroutine would run the function and end
	closing := make(chan struct{})
	closed := make(chan struct{})
	s.Post(func() {
		<-closing
		until(t, "the loop knows that it is closed", func() bool { return s.closed.Load() })
		runtime.Goexit()
	})
	go func() {
		close(closing)
		r.Close()
		close(closed)
	}()
	receive(t, "the end of Close", closed)
	if n := s.p.count("close"); n != 1 {
		t.Errorf("the poller was closed %d times, want once", n)
	}
}

func TestGoexitAtTheEnd(t *testing.T) {
	r, s := reactor(t, false)
	fd := s.descriptor()
	if err := fd.Watch(s.Loop, closedFunc(func(error) { runtime.Goexit() })); err != nil {
		t.Fatal(err)
	}
	other := s.descriptor()
	closed := make(chan error, 1)
	if err := other.Watch(s.Loop, closedFunc(func(err error) { closed <- err })); err != nil {
		t.Fatal(err)
	}
	within(t, "Close", func() { r.Close() })
	receive(t, "Closed of the other", closed)
	if n := s.p.count("close"); n != 1 {
		t.Errorf("the poller was closed %d times, want once", n)
	}
}

// A loop that Run drives on the caller's goroutine can be closed after that goroutine has ended.
func TestGoexitInRun(t *testing.T) {
	s := newStage(t)
	gone := make(chan struct{})
	go func() {
		defer close(gone)
		s.Run(t.Context())
	}()
	s.Post(runtime.Goexit)
	receive(t, "the end of the goroutine", gone)
	within(t, "Close", func() { s.Close() })
	if n := s.p.count("close"); n != 1 {
		t.Errorf("the poller was closed %d times, want once", n)
	}
}

// A goroutine that is locked to a thread may resume only coroutines that it has made; otherwise the
// process dies. So this one is made anew.
func TestGoexitOfALockedThread(t *testing.T) {
	const child = "POLLUX_TEST_GOEXIT"
	if os.Getenv(child) == "" {
		cmd := bare.Program(t, "-test.run=^TestGoexitOfALockedThread$", "-test.timeout=30s")
		cmd.Env = append(os.Environ(), child+"=1", "GORACE=atexit_sleep_ms=0")
		if out, err := cmd.CombinedOutput(); err != nil {
			lines := strings.SplitN(string(out), "\n", 8)
			t.Errorf("the process died: %v\n%s", err, strings.Join(lines[:min(7, len(lines))], "\n"))
		}
		return
	}
	r, s := reactor(t, true)
	result := make(chan error, 1)
	task := s.Go(func(t *Task) { result <- t.Sleep(time.Hour) })
	s.idle()
	s.Post(runtime.Goexit)
	s.idle()
	task.Cancel()
	receive(t, "the end of a task that was there before", result)

	// Do it once more at the end.
	s.Go(func(t *Task) { result <- t.Sleep(time.Hour) })
	if err := s.descriptor().Watch(s.Loop, closedFunc(func(error) { runtime.Goexit() })); err != nil {
		t.Fatal(err)
	}
	s.idle()
	within(t, "Close", func() { r.Close() })
	if err := receive(t, "the end of a task at the end of its loop", result); err != net.ErrClosed {
		t.Errorf("Sleep: %v, want net.ErrClosed", err)
	}
}

// A panic in the code that settles a promise, or in a task's function on the pool, reaches the
// waiter.
func TestPanicInDo(t *testing.T) {
	s := newStage(t)
	s.run()
	results := make(chan error, 1)
	s.Go(func(t *Task) {
		results <- t.Do(func() error { panic("oh no") })
		results <- t.Do(func() error { return errFull })
		results <- t.Do(func() error { return nil })
	})
	var p *PanicError
	if err := receive(t, "Do", results); !errors.As(err, &p) || p.Value != "oh no" {
		t.Errorf("Do of a panic: %v, want a *PanicError", err)
	}
	for _, want := range []error{errFull, nil} {
		if err := receive(t, "Do", results); err != want {
			t.Errorf("Do: %v, want %v", err, want)
		}
	}
	if s.logs.Len() != 0 {
		t.Errorf("logged: %v; the task has got it", s.logs.All())
	}
}

// The pool's goroutine has ended, but the task and the place in the pool are still there.
func TestGoexitInDo(t *testing.T) {
	p := newScript()
	l, err := New(&Config{Workers: 1, Logger: silent, Clock: p.clock, NewPoller: func() (Poller, error) { return p, nil }})
	if err != nil {
		t.Fatal(err)
	}
	s := &stage{Loop: l, t: t, p: p}
	s.run()
	results := make(chan error, 1)
	var order []string
	s.Go(func(t *Task) {
		results <- t.Do(func() error { runtime.Goexit(); return nil })
		order = append(order, "first")
		results <- t.Do(func() error { return nil })
		order = append(order, "second")
	})
	if err := receive(t, "Do of a function that ends its goroutine", results); err == nil {
		t.Error("Do: no error, and the function has not returned")
	}
	if err := receive(t, "Do after that", results); err != nil {
		t.Errorf("Do: %v", err)
	}
	within(t, "Close", func() { s.Close() })
	if !slices.Equal(order, []string{"first", "second"}) {
		t.Errorf("the task went %q", order)
	}
}

// A panic in an attempt ends its operation and nothing else, in any mode.
func TestPanicInAttempt(t *testing.T) {
	oops := part{during: func() { panic("oh no") }}
	for _, tt := range []struct {
		name  string
		parts []part
	}{
		{"by the one that starts it", []part{oops}},
		{"by the loop", []part{again, oops}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := newStage(t)
			fd := s.joined()
			a := s.start(fd, Read, tt.parts...)
			b := s.start(fd, Read, again, done)
			s.turn(s.ready(fd, pollux.Readable))
			s.turn(s.ready(fd, pollux.Readable))
			_, err := a.Wait(context.Background())
			var p *PanicError
			if !errors.As(err, &p) || p.Value != "oh no" || len(p.Stack) == 0 {
				t.Errorf("the operation ended with %v, want a *PanicError", err)
			}
			b.want(t, nil, "behind one that panicked")
			fd.Close() // EBADF: it has no descriptor
			if s.Stats().Descriptors != 0 {
				t.Error("the descriptor is still registered")
			}
		})
	}
}

// The logger that gets a back-off is user code: it may use the descriptor.
func TestBackOffIsLoggedWithoutLock(t *testing.T) {
	p := newScript()
	var fd *FD
	told := 0
	logs := &logbook{onEntry: func() { told++; fd.Close() }}
	l, err := New(&Config{Logger: slog.New(logs), Clock: p.clock, NewPoller: func() (Poller, error) { return p, nil }})
	if err != nil {
		t.Fatal(err)
	}
	s := &stage{Loop: l, t: t, p: p, next: 1 << 20}
	fd = s.joined()
	a := s.start(fd, Read, again, part{out: Outcome{Retry: &Retry{After: time.Millisecond, Cause: errFull}}, err: ErrAgain})
	s.turn(s.ready(fd, pollux.Readable))
	s.turns()
	if told != 1 {
		t.Errorf("logged %d times, want once", told)
	}
	a.want(t, net.ErrClosed, "closed by the logger")
}

// The same is true for a wake-up that fails, although the caller of wake holds the descriptor's
// lock.
func TestFailedWakeIsLoggedWithoutLock(t *testing.T) {
	var fd *FD
	told := make(chan string, 1)
	logs := &logbook{onEntry: func() { told <- fd.String() }}
	p := newScript()
	l, err := New(&Config{Logger: slog.New(logs), Clock: p.clock, NewPoller: func() (Poller, error) { return p, nil }})
	if err != nil {
		t.Fatal(err)
	}
	s := &stage{Loop: l, t: t, p: p, next: 1 << 20}
	s.run()
	fd = s.descriptor()
	s.watch(fd, nil)
	s.idle()
	p.mu.Lock()
	p.faults["wake"] = errFull
	p.mu.Unlock()
	within(t, "Close", func() { fd.Close() })
	receive(t, "the log handler's end", told)
	p.mu.Lock()
	delete(p.faults, "wake")
	p.woken = true // the loop has missed one
	p.change.Broadcast()
	p.mu.Unlock()
	found := logs.FilterMessage("the poller has failed: the loop ends").FilterLevelExact(slog.LevelError).All()
	if len(found) != 1 || !errors.Is(found[0].attrs["error"].(error), errFull) {
		t.Errorf("the log has %v", logs.All())
	}
}

// An attempt that ends its goroutine gives the lane back, in every way to make it. The operation
// behind it continues, and Close closes the descriptor.
func TestGoexitInAttempt(t *testing.T) {
	exit := trial(func(int) (Outcome, error) { runtime.Goexit(); return Outcome{}, nil })
	later := func() trial { // has to wait before its attempt that ends the goroutine
		tries := 0
		return func(sysfd int) (Outcome, error) {
			if tries++; tries == 1 {
				return Outcome{}, ErrAgain
			}
			return exit(sysfd)
		}
	}
	future := func(s *stage, fd *FD, a Attempt) func() error {
		f := Start(fd, s.Loop, &Op{Call: Call{Timeout: timeouts.Forever}, Attempt: a}, new(int))
		return func() error { _, err := f.Wait(context.Background()); return err }
	}
	for _, tt := range []struct {
		name string
		// begin begins the operation, and returns a function that waits for its end.
		begin  func(s *stage, fd *FD) (end func() error)
		onLoop bool // the result is errGoexit
	}{
		{"a goroutine", func(_ *stage, fd *FD) func() error {
			over := make(chan struct{})
			go func() {
				defer close(over)
				fd.Do(&Call{Timeout: timeouts.Forever}, exit)
			}()
			return func() error { <-over; return errGoexit }
		}, false},
		{"a goroutine that has waited", func(_ *stage, fd *FD) func() error {
			over := make(chan struct{})
			a := later()
			go func() {
				defer close(over)
				fd.Do(&Call{Timeout: timeouts.Forever}, a)
			}()
			return func() error { <-over; return errGoexit }
		}, true},
		{"a task", func(s *stage, fd *FD) func() error {
			task := s.Go(func(t *Task) { fd.Do(&Call{Waiter: ByTask(t), Timeout: timeouts.Forever}, exit) })
			return func() error { return task.Wait(context.Background()) }
		}, false},
		{"a task that has waited", func(s *stage, fd *FD) func() error {
			a := later()
			task := s.Go(func(t *Task) { fd.Do(&Call{Waiter: ByTask(t), Timeout: timeouts.Forever}, a) })
			return func() error { return task.Wait(context.Background()) }
		}, true},
		{"a callback", func(s *stage, fd *FD) func() error {
			closed := make(chan error, 1)
			s.Post(func() { fd.Do(&Call{}, exit) })
			s.Post(func() { closed <- errGoexit })
			return func() error { return <-closed }
		}, false},
		{"Start", func(s *stage, fd *FD) func() error {
			over := make(chan struct{})
			go func() {
				defer close(over)
				future(s, fd, exit)
			}()
			return func() error { <-over; return errGoexit }
		}, false},
		{"a future", func(s *stage, fd *FD) func() error { return future(s, fd, later()) }, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r, s := reactor(t, false)
			fd := s.joined()
			end := tt.begin(s, fd)
			var other *act
			if tt.onLoop {
				until(t, "it waits", func() bool { return fd.waiting(Read) == 1 })
				other = s.start(fd, Read, done)
				s.p.tell(s.ready(fd, pollux.Readable))
			}
			within(t, "its end", func() {
				if err := end(); err != errGoexit {
					t.Errorf("it got %v, want %v", err, errGoexit)
				}
			})
			if other == nil {
				other = s.start(fd, Read, done)
			}
			within(t, "the operation behind it", func() { other.Wait(context.Background()) })
			other.want(t, nil, "the operation behind it")
			fd.Close()
			fd.mu.Lock()
			if fd.sysfd != -1 {
				t.Error("the descriptor stays open after Close")
			}
			fd.mu.Unlock()
			within(t, "Close", func() { r.Close() })
		})
	}
}
