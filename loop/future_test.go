package loop

import (
	"cmp"
	"context"
	"errors"
	"net"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/polluxio/pollux"
	"github.com/polluxio/pollux/timeouts"
)

// A future is settled once, and each waiter gets the result.

func TestPromiseIsSettledOnce(t *testing.T) {
	s := newStage(t)
	for _, tt := range []struct {
		name  string
		first func(p *Promise[int]) bool
		v     int
		err   error
	}{
		{"resolved", func(p *Promise[int]) bool { return p.Resolve(1) }, 1, nil},
		{"rejected", func(p *Promise[int]) bool { return p.Reject(errFull) }, 0, errFull},
		{"canceled", func(p *Promise[int]) bool { p.Future().Cancel(); return true }, 0, context.Canceled},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p := NewPromise[int](s.Loop)
			f := p.Future()
			if f.Settled() {
				t.Error("settled at birth")
			}
			if !tt.first(p) {
				t.Error("the first does not count")
			}
			if p.Resolve(2) || p.Reject(errWhy) {
				t.Error("the second counts")
			}
			f.Cancel()
			if !f.Settled() {
				t.Error("not settled")
			}
			for range 2 {
				if v, err := f.Wait(t.Context()); v != tt.v || err != tt.err {
					t.Errorf("got %d, %v; want %d, %v", v, err, tt.v, tt.err)
				}
			}
		})
	}
}

func TestSettledAtOnceByMany(t *testing.T) {
	s := newStage(t)
	for range 100 {
		p := NewPromise[int](s.Loop)
		var wg sync.WaitGroup
		var mu sync.Mutex
		winner := 0
		for i := 1; i <= 4; i++ {
			wg.Go(func() {
				if p.Resolve(i) {
					mu.Lock()
					defer mu.Unlock()
					if winner != 0 {
						t.Errorf("%d and %d have both settled it", winner, i)
					}
					winner = i
				}
			})
		}
		got, err := p.Future().Wait(t.Context())
		wg.Wait()
		if got != winner || err != nil {
			t.Fatalf("got %d, %v; %d has settled it", got, err, winner)
		}
	}
}

// Goroutines, tasks and functions may wait for one future, before and after it is settled.
func TestManyWaiters(t *testing.T) {
	s := newStage(t)
	s.run()
	p := NewPromise[int](s.Loop)
	f := p.Future()
	const each = 10
	var wg sync.WaitGroup
	told := func(v int, err error) {
		if v != 7 || err != nil {
			t.Errorf("got %d, %v", v, err)
		}
		wg.Done()
	}
	waiters := func() {
		wg.Add(3 * each)
		for range each {
			go func() { told(f.Wait(context.Background())) }()
			s.Go(func(task *Task) { told(f.Await(task)) })
			f.Then(told)
		}
	}
	waiters()
	s.idle()
	p.Resolve(7)
	waiters()
	within(t, "the last waiter's end", wg.Wait)
}

// A context that ends a wait ends only that wait: the promise continues.
func TestWaitForAPromiseWithAContext(t *testing.T) {
	s := newStage(t)
	p := NewPromise[int](s.Loop)
	ctx, cancel := context.WithCancelCause(context.Background())
	cancel(errWhy)
	if _, err := p.Future().Wait(ctx); err != errWhy {
		t.Errorf("got %v, want the cause", err)
	}
	if p.Future().Settled() || !p.Resolve(1) {
		t.Error("the end of one wait has settled the promise")
	}
}

// The loop keeps nothing of promises without a waiter, however many there were.
func TestAbandonedPromises(t *testing.T) {
	kept := func(s *stage) int { return s.promised.count() }
	t.Run("by tasks that sleep", func(t *testing.T) {
		s := newStage(t)
		task := s.Go(func(task *Task) {
			for range 100 {
				task.Sleep(time.Hour)
			}
		})
		s.turn()
		for range 100 {
			task.Cancel()
			s.turns()
		}
		if n := kept(s); !task.Done().Settled() || n != 0 {
			t.Errorf("%d promises are kept", n)
		}
	})
	t.Run("by tasks that wait", func(t *testing.T) {
		s := newStage(t)
		p := NewPromise[int](s.Loop)
		task := s.Go(func(task *Task) { p.Future().Await(task) })
		s.turn()
		task.Cancel()
		s.turns()
		if n := kept(s); n != 0 {
			t.Errorf("%d promises are kept", n)
		}
	})
	t.Run("by goroutines", func(t *testing.T) {
		s := newStage(t)
		for range 100 {
			ctx, cancel := context.WithCancel(context.Background())
			cancel()
			NewPromise[int](s.Loop).Future().Wait(ctx)
		}
		if n := kept(s); n != 0 {
			t.Errorf("%d promises are kept", n)
		}
	})
	t.Run("but not by all", func(t *testing.T) {
		s := newStage(t)
		p := NewPromise[int](s.Loop)
		var got error
		s.Go(func(task *Task) { _, got = p.Future().Await(task) })
		s.turn()
		ctx, cancel := context.WithCancel(context.Background())
		cancel()
		p.Future().Wait(ctx)
		s.Close()
		if got != net.ErrClosed {
			t.Errorf("the other got %v, want net.ErrClosed", got)
		}
	})
}

// Then runs on the loop, in the last step of a turn, and never inside the call.
func TestThen(t *testing.T) {
	s := newStage(t)
	fd := s.joined()
	ran := 0
	then := func(v int, err error) {
		ran++
		if err != nil {
			t.Errorf("got %v", err)
		}
	}
	born := s.start(fd, Read, done)
	born.Then(then)
	waiting := s.start(fd, Read, again, part{during: func() {
		if ran != 1 {
			t.Errorf("%d functions ran before the attempt, want 1", ran)
		}
	}})
	waiting.Then(then)
	if ran != 0 {
		t.Fatal("a function ran inline")
	}
	s.turn()
	if ran != 1 {
		t.Fatalf("%d functions ran in the first turn, want that of the one that was settled at birth", ran)
	}
	s.turn(s.ready(fd, pollux.Readable))
	if ran != 2 {
		t.Errorf("%d functions ran, want 2", ran)
	}
	waiting.Then(then)
	if ran != 2 {
		t.Error("a function ran inline")
	}
	s.turn()
	if ran != 3 {
		t.Errorf("%d functions ran, want 3", ran)
	}
}

// Then runs on the loop of the descriptor. If the descriptor is on none, it runs on the named loop,
// even if nothing had to wait.
func TestThenOfOneThatNeverHadToWait(t *testing.T) {
	for _, tt := range []struct {
		name  string
		start func(s *stage, o *Op) Future[int]
	}{
		{"on the loop that is named", func(s *stage, o *Op) Future[int] { return Start(s.joined(), s.Loop, o, new(int)) }},
		{"on a loop, and none is named", func(s *stage, o *Op) Future[int] { return Start(s.joined(), nil, o, new(int)) }},
		{"on a loop, and another is named", func(s *stage, o *Op) Future[int] {
			return Start(s.joined(), newStage(s.t).Loop, o, new(int)) // the loop that it would join if it had to wait
		}},
		{"on none", func(s *stage, o *Op) Future[int] { return Start(s.descriptor(), s.Loop, o, new(int)) }},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := newStage(t)
			var ran atomic.Bool
			f := tt.start(s, &Op{Call: Call{Timeout: timeouts.Forever}, Attempt: &play{parts: []part{done}}})
			f.Then(func(int, error) { ran.Store(true) })
			if n := len(s.posted.items); n != 1 {
				t.Errorf("%d functions are queued on that loop, want 1", n)
			}
			s.turn()
			if !ran.Load() {
				t.Error("it has not run on that loop")
			}
		})
	}
}

// A function of Then runs even if the default reactor, on which it would run, cannot start.
func TestThenWithoutALoop(t *testing.T) {
	if !ownProcess(t) {
		return
	}
	if err := SetDefaults(&Config{Logger: silent, NewPoller: func() (Poller, error) { return nil, errors.New("no poller") }}); err != nil {
		t.Fatal(err)
	}
	got := make(chan int, 1)
	Settled(7, nil).Then(func(v int, _ error) { got <- v })
	if v := receive(t, "the call of fn", got); v != 7 {
		t.Errorf("fn got %d, want 7", v)
	}
	Settled(7, nil).Then(func(int, error) { defer close(got); panic("contained") })
	receive(t, "the end of fn", got)
}

// A function of Then runs even if the loop ends. The end of the loop gives it net.ErrClosed. A
// later function runs on a goroutine of its own.
func TestThenOnAClosedLoop(t *testing.T) {
	s := newStage(t)
	promise, operation := NewPromise[int](s.Loop), s.start(s.joined(), Read)
	told := make(chan error, 1)
	then := func(_ int, err error) { told <- err }
	promise.Future().Then(then)
	go s.Close()
	if err := receive(t, "a promise's", told); err != net.ErrClosed {
		t.Errorf("a promise at the end of its loop: %v, want net.ErrClosed", err)
	}
	operation.Then(then)
	if err := receive(t, "an operation's", told); err != net.ErrClosed {
		t.Errorf("an operation at the end of its loop: %v, want net.ErrClosed", err)
	}
	s.Close()
	Settled(1, nil).Then(then)
	promise.Future().Then(then)
	for range 2 {
		receive(t, "after the end", told)
	}

}

// The end of a loop settles everything on it, and calls each function of Then once with
// net.ErrClosed.
func TestThenAtTheEndOfALoop(t *testing.T) {
	for _, end := range []string{"Close", "the poller fails"} {
		for what, begin := range map[string]func(s *stage, then func(error)){
			"operation": func(s *stage, then func(error)) {
				s.start(s.joined(), Read).Then(func(_ int, err error) { then(err) })
			},
			"operation with a deadline": func(s *stage, then func(error)) {
				s.startWithin(time.Hour, s.joined(), Write).Then(func(_ int, err error) { then(err) })
			},
			"promise": func(s *stage, then func(error)) {
				NewPromise[int](s.Loop).Future().Then(func(_ int, err error) { then(err) })
			},
			"promise that stands for an operation": func(s *stage, then func(error)) {
				p := NewPromise[int](s.Loop)
				p.CancelBy(func(why error) { p.Reject(why) })
				p.Future().Then(func(_ int, err error) { then(err) })
			},
			"task": func(s *stage, then func(error)) {
				fd := s.joined()
				s.Go(func(task *Task) {
					err := do(fd, ByTask(task), &Op{Call: Call{Timeout: timeouts.Forever}, Attempt: new(play)})
					then(err)
				})
			},
			"end of a task": func(s *stage, then func(error)) {
				var sleep error
				s.Go(func(task *Task) { sleep = task.Sleep(time.Hour) }).Done().Then(func(_ struct{}, err error) {
					then(cmp.Or(err, sleep))
				})
			},
		} {
			t.Run(what+", "+end, func(t *testing.T) {
				s := newStage(t)
				told := make(chan error, 2)
				begin(s, func(err error) { told <- err })
				s.turn()
				if end == "Close" {
					within(t, "Close", func() { s.Close() })
				} else {
					s.Loop.fail(errFull)
					within(t, "Close", func() { s.Close() })
				}
				if err := receive(t, "the function of Then", told); !errors.Is(err, net.ErrClosed) {
					t.Errorf("got %v, want net.ErrClosed", err)
				}
				if len(told) != 0 {
					t.Error("it was called twice")
				}
			})
		}
	}
}

func TestNothingAllocated(t *testing.T) {
	s := newStage(t)
	fd := s.joined()
	attempt := trial(func(int) (Outcome, error) { return Outcome{N: 1}, nil })
	o := &Op{Call: Call{Timeout: timeouts.Forever}, Attempt: attempt}
	v := new(int)
	for _, tt := range []struct {
		name string
		fn   func()
	}{
		{"Enter and Leave", func() {
			if err := enter(fd, Read, false); err != nil {
				t.Fatal(err)
			}
			exit(fd, Read, false, Outcome{N: 1}, nil)
		}},
		{"operation of a goroutine", func() {
			if err := do(fd, Waiter{}, o); err != nil {
				t.Fatal(err)
			}
		}},
		{"operation with a context", func() {
			if err := do(fd, ByContext(t.Context()), o); err != nil {
				t.Fatal(err)
			}
		}},
		{"future settled at birth", func() {
			if f := Start(fd, s.Loop, o, v); !f.Settled() {
				t.Fatal("it waits")
			}
		}},
		{"result of a future settled at birth", func() {
			if n, err := Settled(5, nil).Wait(context.Background()); n != 5 || err != nil {
				t.Fatal(n, err)
			}
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if n := testing.AllocsPerRun(100, tt.fn); n != 0 {
				t.Errorf("%v allocations, want none", n)
			}
		})
	}
	t.Run("operation of a task", func(t *testing.T) {
		n := -1.0
		s.Go(func(task *Task) {
			n = testing.AllocsPerRun(20, func() {
				if err := do(fd, ByTask(task), o); err != nil {
					t.Error(err)
				}
			})
		})
		s.turns()
		if n != 0 {
			t.Errorf("%v allocations, want none", n)
		}
	})
	t.Run("turn", func(t *testing.T) {
		s.watch(s.descriptor(), nil)
		fn := func() {}
		turn := func() {
			s.Post(fn)
			s.p.waits = s.p.waits[:0]
			if err := s.Loop.turn(); err != nil {
				t.Fatal(err)
			}
		}
		for range 3 {
			turn()
		}
		if n := testing.AllocsPerRun(100, turn); n != 0 {
			t.Errorf("%v allocations, want none", n)
		}
	})
}

// An operation that waits allocates nothing either, once its lane and its Op have what they need.
func TestNothingAllocatedByWaiting(t *testing.T) {
	s := newStage(t)
	fd := s.joined()
	p := &play{parts: []part{again, done}}
	o := &Op{Attempt: p}
	over := make(chan error)
	next := make(chan struct{})
	go func() {
		for range next {
			over <- do(fd, Waiter{}, o)
		}
	}()
	defer close(next)
	ev := s.ready(fd, pollux.Readable)
	once := func() {
		p.tries = 0
		o.Timeout = time.Hour
		next <- struct{}{}
		for fd.length(Read) == 0 {
			runtime.Gosched()
		}
		s.p.mu.Lock()
		s.p.waits, s.p.events = s.p.waits[:0], append(s.p.events[:0], ev)
		s.p.mu.Unlock()
		if err := s.Loop.turn(); err != nil {
			t.Error(err)
		}
		if err := <-over; err != nil {
			t.Error(err)
		}
	}
	s.p.events = make([]pollux.Event, 0, 1<<10) // the slice loses its front
	once()
	if n := testing.AllocsPerRun(50, once); n != 0 {
		t.Errorf("%v allocations for an operation that waits, want none", n)
	}
}
