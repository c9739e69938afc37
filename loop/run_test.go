package loop

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/polluxio/pollux"
	"github.com/polluxio/pollux/timeouts"
)

// Run drives a loop until its context ends, and may be called again. Close ends the loop for good,
// from any goroutine.

func TestRunEndsWithItsContext(t *testing.T) {
	s := newStage(t)
	s.p.sleeps = true
	for i := range 3 {
		ctx, cancel := context.WithCancelCause(context.Background())
		over := make(chan error, 1)
		go func() { over <- s.Run(ctx) }()
		s.idle()
		ran := make(chan struct{})
		s.Post(func() { close(ran) })
		receive(t, "what was posted", ran)
		cancel(errWhy)
		if err := receive(t, "the end of Run", over); err != errWhy {
			t.Errorf("Run %d: %v, want the context's cause", i, err)
		}
	}
	// Functions that are posted, descriptors that join and timers that start between two runs wait
	// for the next run.
	ran := make(chan string, 2)
	s.Post(func() { ran <- "posted" })
	task := s.Go(func(*Task) { ran <- "task" })
	if n := s.p.count("close"); n != 0 {
		t.Error("the end of the context has closed the poller")
	}
	s.run()
	for _, want := range []string{"posted", "task"} {
		if got := receive(t, want, ran); got != want {
			t.Errorf("%s ran in place of %s", got, want)
		}
	}
	if err := task.Wait(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestRunOfAnEndedContext(t *testing.T) {
	s := newStage(t)
	ctx, cancel := context.WithCancelCause(context.Background())
	cancel(errWhy)
	within(t, "Run", func() {
		if err := s.Run(ctx); err != errWhy {
			t.Errorf("Run: %v, want the context's cause", err)
		}
	})
}

func TestRunTwice(t *testing.T) {
	s := newStage(t)
	s.run()
	s.idle()
	if err := s.Run(t.Context()); err == nil || errors.Is(err, net.ErrClosed) {
		t.Errorf("Run of a loop that runs: %v, want an error that says so", err)
	}
	s.Close()
	if err := s.Run(t.Context()); !errors.Is(err, net.ErrClosed) {
		t.Errorf("Run after Close: %v, want net.ErrClosed", err)
	}
}

// A poller that fails ends its loop. Everything on the loop, and every later call, gets its error.
func TestPollerThatFailsEndsItsLoop(t *testing.T) {
	s := newStage(t)
	s.poller = failingPoller{s.p}
	fd := s.joined()
	w := s.watch(s.descriptor(), nil)
	a := s.start(fd, Read)
	promised := make(chan error, 1)
	NewPromise[int](s.Loop).Future().Then(func(_ int, err error) { promised <- err })
	var asleep, waiting error
	s.Go(func(task *Task) { asleep = task.Sleep(time.Hour) })
	s.Go(func(task *Task) {
		waiting = do(fd, ByTask(task), &Op{Call: Call{Timeout: timeouts.Forever}, Attempt: &play{}})
	})
	s.Post(func() {})
	s.runQueued()
	ofEnd := func(err error) bool { return errors.Is(err, errFull) && errors.Is(err, net.ErrClosed) }
	within(t, "Run", func() {
		if err := s.Run(context.Background()); !ofEnd(err) {
			t.Errorf("Run: %v, want the poller's error", err)
		}
	})
	_, future := a.Wait(t.Context())
	for what, err := range map[string]error{
		"a future": future, "a promise": receive(t, "Then", promised), "a task that sleeps": asleep, "a task that waits": waiting,
		"a watcher": errors.Join(w.closed...), "Post": s.Post(func() {}), "Join": s.descriptor().Join(s.Loop), "Run again": s.Run(t.Context()),
		"Go": s.Go(func(*Task) {}).Wait(t.Context()),
	} {
		if !ofEnd(err) {
			t.Errorf("%s: %v, want the poller's error", what, err)
		}
	}
	within(t, "Close", func() { s.Close() })
}

// A wake-up that a signal has interrupted is made again. A wake-up that fails ends the loop. Close
// ends a loop that no goroutine runs, also if its poller has failed before.
func TestCloseOfALoopWhosePollerHasFailed(t *testing.T) {
	s := newStage(t)
	fd := s.joined()
	a := s.start(fd, Read)
	s.Loop.fail(errFull)
	until(t, "the operation ends", a.Settled)
	for range 2 {
		within(t, "Close", func() { s.Close() })
	}
	if n := s.p.count("close"); n != 1 {
		t.Errorf("the poller was closed %d times, want once", n)
	}
	if err := s.Run(t.Context()); !errors.Is(err, net.ErrClosed) || !errors.Is(err, errFull) {
		t.Errorf("Run: %v, want the poller's error", err)
	}
}

func TestWakeThatFails(t *testing.T) {
	s := newStage(t)
	s.run()
	s.idle()
	interrupted := 0
	s.p.mu.Lock()
	s.p.faults["wake"] = syscall.EINTR
	s.p.mu.Unlock()
	s.p.onCall = func(call string) {
		if interrupted++; call == "wake" && interrupted == 3 {
			s.p.mu.Lock()
			delete(s.p.faults, "wake")
			s.p.mu.Unlock()
		}
	}
	ran := make(chan bool, 1)
	s.Post(func() { ran <- true })
	receive(t, "the function", ran)
}

// A reactor does not select a loop whose poller has failed.
func TestReactorLeavesOutADeadLoop(t *testing.T) {
	r, err := NewReactor(&Config{Loops: 3, Logger: silent})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	dead := r.Loops()[1]
	dead.fail(errFull)
	for i := range 9 {
		if r.Next() == dead || r.LeastLoaded() == dead || r.ByHash(uint64(i)) == dead {
			t.Fatal("the dead loop is handed out")
		}
	}
}

type failingPoller struct{ Poller }

func (failingPoller) Wait([]pollux.Event, time.Duration) (int, error) { return 0, errFull }

func TestClose(t *testing.T) {
	for _, tt := range []struct {
		name  string
		close func(s *stage) // and wait until it is closed
	}{
		{"before Run", func(s *stage) { s.Close() }},
		{"twice", func(s *stage) { s.Close(); s.Close() }},
		{"after Run", func(s *stage) {
			ctx, cancel := context.WithCancel(context.Background())
			over := make(chan error, 1)
			go func() { over <- s.Run(ctx) }()
			cancel()
			receive(s.t, "the end of Run", over)
			s.Close()
		}},
		{"of a loop that sleeps", func(s *stage) {
			s.run()
			s.idle()
			s.Close()
		}},
		{"of a loop that is just started", func(s *stage) {
			s.run()
			s.Close()
		}},
		{"by many goroutines", func(s *stage) {
			s.run()
			var wg sync.WaitGroup
			for range 8 {
				wg.Go(func() { s.Close() })
			}
			wg.Wait()
		}},
		{"by a posted function", func(s *stage) { s.run(); s.Post(func() { s.Close(); s.Close() }); <-s.done }},
		{"by a task", func(s *stage) { s.run(); s.Go(func(*Task) { s.Close() }); <-s.done }},
		{"by a timer", func(s *stage) { s.run(); s.After(0, func() { s.Close() }); s.p.advance(time.Second); <-s.done }},
		{"by a watcher", func(s *stage) {
			fd := s.descriptor()
			fd.Watch(s.Loop, &witness{ready: func(pollux.Ready) { s.Close() }})
			s.run()
			s.p.tell(s.ready(fd, pollux.Readable))
			<-s.done
		}},
		{"by a watcher that sees the end", func(s *stage) {
			s.run()
			s.descriptor().Watch(s.Loop, closedFunc(func(error) { s.Close() }))
			s.Close()
		}},
		{"by a function that was posted before", func(s *stage) {
			s.Post(func() { s.Close() })
			s.Close()
		}},
		{"by a function that was posted before, of a loop that runs", func(s *stage) {
			s.run()
			inside, release := make(chan struct{}), make(chan struct{})
			s.Post(func() {
				close(inside)
				<-release
			})
			<-inside
			s.Post(func() { s.Close() })
			closed := make(chan struct{})
			go func() {
				s.Close()
				close(closed)
			}()
			until(s.t, "the loop is being closed", func() bool { return s.closed.Load() })
			close(release)
			<-closed
		}},
		{"by a task that sees the end", func(s *stage) {
			s.Go(func(t *Task) {
				t.Sleep(time.Hour)
				s.Close()
			})
			s.run()
			s.idle()
			s.Close()
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := newStage(t)
			fd := s.joined()
			a := s.start(fd, Read)
			posted := false
			s.Post(func() { posted = true })
			within(t, "Close", func() { tt.close(s) })
			a.want(t, closedText, "its loop is closed")
			if !posted {
				t.Error("what was posted before did not run")
			}
			if n := s.p.count("close"); n != 1 {
				t.Errorf("the poller was closed %d times, want once", n)
			}
			if err := s.Post(func() {}); err != net.ErrClosed {
				t.Errorf("Post: %v, want net.ErrClosed", err)
			}
			if err := s.descriptor().Join(s.Loop); err != net.ErrClosed {
				t.Errorf("Join: %v, want net.ErrClosed", err)
			}
			if st := s.Stats(); st.Descriptors != 0 {
				t.Errorf("%+v is left", st)
			}
			ran := false
			s.After(0, func() { ran = true })
			if ran {
				t.Error("a timer ran on a closed loop")
			}
		})
	}
}

// Every wait for the loop ends when the loop ends.
func TestCloseTellsEveryone(t *testing.T) {
	s := newStage(t)
	s.run()
	fd := s.joined()
	type end struct {
		who string
		err error
	}
	told := make(chan end, 10)
	tell := func(who string, err error) { told <- end{who, err} }
	p := NewPromise[int](s.Loop)
	f := s.start(fd, Write).Future
	waiters := map[string]func(){
		"operation": func() {
			tell("operation", do(fd, Waiter{}, &Op{Call: Call{Timeout: timeouts.Forever}, Attempt: &play{}}))
		},
		"future": func() {
			_, err := f.Wait(context.Background())
			tell("future", err)
		},
		"promise": func() {
			_, err := p.Future().Wait(context.Background())
			tell("promise", err)
		},
	}
	for _, wait := range waiters {
		go wait()
	}
	for name, wait := range map[string]func(t *Task) error{
		"operation of a task": func(t *Task) error {
			return do(fd, ByTask(t), &Op{Call: Call{Timeout: timeouts.Forever}, Attempt: &play{}})
		},
		"promise of a task": func(t *Task) error {
			_, err := p.Future().Await(t)
			return err
		},
		"sleep of a task": func(t *Task) error { return t.Sleep(time.Hour) },
	} {
		s.Go(func(t *Task) { tell(name, wait(t)) })
		waiters[name] = nil
	}
	until(t, "both operations are queued", func() bool { return fd.length(Read) == 2 })
	s.idle()
	within(t, "Close", func() { s.Close() })
	for len(waiters) > 0 {
		select {
		case end := <-told:
			if end.err != net.ErrClosed {
				t.Errorf("%s: %v, want net.ErrClosed", end.who, end.err)
			}
			delete(waiters, end.who)
		case <-time.After(soon):
			for who := range waiters {
				t.Errorf("%s waits still", who)
			}
			p.Reject(errWhy)
			return
		}
	}
}

// A function that Post has accepted runs, and a task that Go has accepted ends, however close to
// Close they come.
func TestPostAndClose(t *testing.T) {
	for range 300 {
		s := newStage(t)
		s.p.sleeps = true
		over := make(chan error, 1)
		go func() { over <- s.Run(context.Background()) }()
		var mu sync.Mutex
		taken, ran := 0, 0
		var wg sync.WaitGroup
		for range 3 {
			wg.Go(func() {
				for {
					err := s.Post(func() {
						mu.Lock()
						ran++
						mu.Unlock()
					})
					if err != nil {
						return
					}
					mu.Lock()
					taken++
					mu.Unlock()
				}
			})
		}
		within(t, "Close", func() { s.Close() })
		receive(t, "the end of Run", over)
		wg.Wait()
		mu.Lock()
		if taken != ran {
			t.Fatalf("Post took %d functions, and %d ran", taken, ran)
		}
		mu.Unlock()
	}
}

// The poller is closed after all other calls have returned: a late Wake would write to the
// descriptor of another file.
func TestCloseWaitsForWakers(t *testing.T) {
	s := newStage(t)
	s.p.sleeps = true
	over := make(chan error, 1)
	go func() { over <- s.Run(context.Background()) }()
	s.idle()

	fd := s.descriptor()
	if err := fd.Join(s.Loop); err != nil {
		t.Fatal(err)
	}
	waking, release, closed := make(chan struct{}), make(chan struct{}), make(chan struct{})
	s.p.onCall = func(call string) {
		switch call {
		case "wake":
			close(waking)
			<-release
		case "close":
			close(closed)
		}
	}
	s.p.mu.Lock()
	s.p.held = true // the event ends the sleep
	s.p.mu.Unlock()
	posted := make(chan error, 1)
	go func() { posted <- s.Post(func() {}) }()
	receive(t, "the wake-up", waking)
	go s.Close()
	until(t, "the loop is being closed", func() bool { return s.closed.Load() })
	s.p.tell(s.ready(fd, pollux.Readable))
	select {
	case <-closed:
		t.Error("the poller was closed during a Wake")
	case <-time.After(50 * time.Millisecond):
	}
	close(release)
	receive(t, "the close of the poller", closed)
	receive(t, "the end of Post", posted)
	receive(t, "the end of Run", over)
}

// A descriptor that is still registered is closed, and the log shows where it was registered.
func TestLeaks(t *testing.T) {
	s := newStage(t)
	fd := s.descriptor()
	s.watch(fd, nil)
	gone := s.joined()
	gone.Close()
	leaks := s.Leaks()
	if len(leaks) != 1 {
		t.Fatalf("%d leaks, want the one that is open", len(leaks))
	}
	for _, want := range []string{fmt.Sprint("fd ", fd.sysfd), "watched by *loop.witness", "run_test.go", "TestLeaks"} {
		if !strings.Contains(leaks[0].String(), want) {
			t.Errorf("%q does not say %q", leaks[0], want)
		}
	}
	s.Close()
	found := s.logs.FilterLevelExact(slog.LevelWarn).FilterMessageSnippet("still open").All()
	if len(found) != 1 || !strings.Contains(fmt.Sprint(found[0].ContextMap()["leak"]), "TestLeaks") {
		t.Errorf("the log has %v", found)
	}
	if len(s.Leaks()) != 0 || fd.Close() != net.ErrClosed {
		t.Error("it is open after all")
	}
}

func TestLeaksWithoutTraces(t *testing.T) {
	r, s := reactor(t, false)
	fd := s.joined()
	if leaks := r.Leaks(); len(leaks) != 1 || leaks[0].Trace != "" || leaks[0].String() != fmt.Sprint("fd ", fd.sysfd) {
		t.Errorf("leaks: %v", leaks)
	}
	within(t, "Close", func() { r.Close() })
	if n := s.logs.FilterMessageSnippet("still open").Len(); n != 1 {
		t.Errorf("%d warnings, want 1", n)
	}
}
