package loop

import (
	"context"
	"fmt"
	"net"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/polluxio/pollux"
)

// One turn: wait, attempts for the events, deadlines, and what was queued when that step began.

// watch makes a function the standing watcher of fd.
func (s *stage) watch(fd *FD, ready func(r pollux.Ready)) *witness {
	s.t.Helper()
	w := &witness{ready: ready}
	if err := fd.Watch(s.Loop, w); err != nil {
		s.t.Fatal(err)
	}
	return w
}

// A witness is a Watcher that remembers.
type witness struct {
	ready  func(r pollux.Ready)
	told   []pollux.Ready
	closed []error
}

func (w *witness) Ready(r pollux.Ready) {
	w.told = append(w.told, r)
	if w.ready != nil {
		w.ready(r)
	}
}

func (w *witness) Closed(err error) { w.closed = append(w.closed, err) }

func TestTurnOrder(t *testing.T) {
	s := newStage(t)
	var order []string
	log := func(what string) func() { return func() { order = append(order, what) } }

	op, watched, late := s.joined(), s.descriptor(), s.joined()
	s.watch(watched, func(pollux.Ready) { order = append(order, "watcher") })
	s.start(op, Read, again, part{during: log("attempt")})
	s.startWithin(time.Millisecond, late, Read, again, part{during: log("last attempt")})
	s.After(time.Millisecond, log("timer"))
	s.Post(func() {
		order = append(order, "posted")
		s.Post(log("posted later"))
	})
	s.Go(func(task *Task) {
		order = append(order, "task")
		task.Yield()
		order = append(order, "task again")
	})
	s.p.advance(2 * time.Millisecond)
	s.turn(s.ready(op, pollux.Readable), s.ready(watched, pollux.Readable))
	want := []string{"attempt", "watcher", "last attempt", "timer", "posted", "task"}
	if !slices.Equal(order, want) {
		t.Errorf("a turn went\n%q, want\n%q", order, want)
	}
	order = nil
	s.turn()
	if want := []string{"task again", "posted later"}; !slices.Equal(order, want) {
		t.Errorf("the next turn went\n%q, want\n%q", order, want)
	}
}

// I/O comes before deadlines: what could complete does, however late the loop is.
func TestLateLoopCompletes(t *testing.T) {
	for _, n := range []int{1, 32, 100} {
		t.Run(fmt.Sprint(n), func(t *testing.T) {
			s := newStage(t)
			fd := s.joined()
			var acts []*act
			for i := range n {
				parts := []part{done}
				if i == 0 {
					parts = []part{again, done}
				}
				acts = append(acts, s.startWithin(time.Second, fd, Read, parts...))
			}
			hopeless := s.startWithin(time.Second, fd, Read, again, again)
			s.p.advance(time.Hour)
			s.turn(s.ready(fd, pollux.Readable))
			s.turns()
			for i, a := range acts {
				a.want(t, nil, fmt.Sprintf("ready, and %d operations were before it", i))
			}
			hopeless.want(t, "i/o timeout", "not ready")
		})
	}
}

func TestWaitTimeout(t *testing.T) {
	s := newStage(t)
	wait := func(why string, from, to time.Duration) {
		t.Helper()
		s.turn()
		if d := s.p.lastWait(); d < from || d > to {
			t.Errorf("%s: waited for %v, want %v to %v", why, d, from, to)
		}
	}
	wait("nothing to do", -1<<62, -1)
	s.Post(func() {})
	wait("something was posted", 0, 0)
	wait("it has run", -1<<62, -1)

	timer := s.After(10*time.Millisecond, func() {})
	wait("a timer", 1, 10*time.Millisecond+100*time.Microsecond)
	s.p.advance(time.Minute)
	wait("a timer that is due", 0, 0)
	if timer.Stop() {
		t.Error("the timer has not run")
	}
	wait("no timer any more", -1<<62, -1)

	s.startWithin(time.Second, s.joined(), Read)
	wait("a deadline", 1, time.Second+100*time.Microsecond)

	s.Go(func(t *Task) { t.Yield(); t.Yield() })
	s.turn()
	wait("a task that yielded", 0, 0)

	fd := s.joined()
	s.start(fd, Write, again, done)
	for range 99 {
		s.start(fd, Write, done)
	}
	s.turn(s.ready(fd, pollux.Writable))
	wait("a budget was spent", 0, 0)
}

func TestPostInOrder(t *testing.T) {
	s := newStage(t)
	s.run()
	const posters, each = 8, 500
	next := make([]int, posters) // loop only
	var over sync.WaitGroup
	over.Add(posters * each)
	for p := range posters {
		go func() {
			for i := range each {
				err := s.Post(func() {
					if next[p] != i {
						t.Errorf("poster %d: %d ran in place of %d", p, i, next[p])
					}
					next[p] = i + 1
					over.Done()
				})
				if err != nil {
					t.Error(err)
				}
			}
		}()
	}
	within(t, "the last post", over.Wait)
}

// However many posts, deadlines and ends there are while a loop sleeps, it is woken once.
func TestOneWakeForEachSleep(t *testing.T) {
	s := newStage(t)
	s.run()
	for round := 1; round <= 3; round++ {
		s.idle()
		s.p.mu.Lock()
		s.p.held = true
		s.p.mu.Unlock()
		var posters sync.WaitGroup
		ran := make(chan struct{}, 80)
		for range 8 {
			posters.Go(func() {
				for range 10 {
					s.Post(func() { ran <- struct{}{} })
				}
				s.After(time.Millisecond, func() {}).Stop()
			})
		}
		posters.Wait()
		if n := s.p.count("wake"); n != round {
			t.Fatalf("sleep %d: %d wake-ups in all", round, n)
		}
		s.p.mu.Lock()
		s.p.held = false
		s.p.change.Broadcast()
		s.p.mu.Unlock()
		for range 80 {
			receive(t, "what was posted", ran)
		}
	}
}

func TestNoWakeOfALoopThatIsAwake(t *testing.T) {
	s := newStage(t)
	s.run()
	s.idle()
	ran := make(chan struct{})
	s.Post(func() {
		s.Post(func() {
			s.After(0, func() { close(ran) })
		})
	})
	receive(t, "the last function", ran)
	if n := s.p.count("wake"); n != 1 {
		t.Errorf("%d wake-ups, want the first", n)
	}
}

// A timer wakes the loop only if it comes before what the loop sleeps for.
func TestTimersWakeOnlyIfEarlier(t *testing.T) {
	s := newStage(t)
	s.run()
	for i, tt := range []struct {
		name  string
		after time.Duration
		wakes int
	}{
		{"first", time.Hour, 1},
		{"later", 2 * time.Hour, 1},
		{"the same", time.Hour, 1},
		{"earlier", time.Minute, 2},
		{"later than that", time.Hour, 2},
	} {
		s.idle()
		s.After(tt.after, func() {})
		if n := s.p.count("wake"); n != tt.wakes {
			t.Errorf("timer %d, %s: %d wake-ups in all, want %d", i, tt.name, n, tt.wakes)
		}
	}
	// A deadline that is pushed back stays where it is, and costs no wake-up.
	s.idle()
	before := s.p.count("wake")
	fd := s.joined()
	for range 100 {
		o := &Op{Call: Call{Timeout: time.Hour}, Attempt: trial(func(int) (Outcome, error) { return Outcome{}, ErrAgain })}
		ctx, cancel := context.WithCancel(context.Background())
		over := make(chan error, 1)
		go func() { over <- do(fd, ByContext(ctx), o) }()
		until(t, "the operation is queued", func() bool { return fd.length(Read) == 1 })
		cancel()
		receive(t, "the end of the operation", over)
		s.p.advance(time.Millisecond)
	}
	if n := s.p.count("wake"); n != before {
		t.Errorf("100 deadlines pushed back cost %d wake-ups", n-before)
	}
}

// One poster's closures, tasks and what a closed watcher gets keep their order too.
func TestPostsOfAllKindsInOrder(t *testing.T) {
	s := newStage(t)
	var order []string
	fd := s.descriptor()
	if err := fd.Watch(s.Loop, closedFunc(func(error) { order = append(order, "closed") })); err != nil {
		t.Fatal(err)
	}
	s.Post(func() { order = append(order, "one") })
	s.Go(func(*Task) { order = append(order, "two") })
	fd.Close()
	s.Post(func() { order = append(order, "three") })
	s.turn()
	if want := []string{"one", "two", "closed", "three"}; !slices.Equal(order, want) {
		t.Errorf("ran %q, want %q", order, want)
	}
}

// closedFunc is a Watcher of nothing but its end.
type closedFunc func(error)

func (closedFunc) Ready(pollux.Ready) {}
func (f closedFunc) Closed(err error) { f(err) }

func TestPostOnAClosedLoop(t *testing.T) {
	s := newStage(t)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if err := s.Post(func() { t.Error("ran on a closed loop") }); err != net.ErrClosed {
		t.Errorf("Post: %v, want net.ErrClosed", err)
	}
}
