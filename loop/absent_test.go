package loop

import (
	"context"
	"net"
	"os"
	"testing"
	"time"

	"github.com/polluxio/pollux"
	"github.com/polluxio/pollux/timeouts"
)

// A task that was woken to take a lane may be late: its loop is held up or has stopped. Operations
// behind it, and the loop of the descriptor, continue.

// absent makes a task, on a loop that makes no turn, wait for fd, and wakes it.
func absent(s, other *stage, fd *FD, timeout time.Duration, parts ...part) *waiter {
	s.t.Helper()
	w := other.wait(fd, timeout, parts...)
	s.turn(s.ready(fd, pollux.Readable))
	if n := fd.waiting(Read); n != 0 || fd.length(Read) != 1 {
		s.t.Fatalf("%d operations are not woken, of %d", n, fd.length(Read))
	}
	return w
}

func TestDeadlineBehindAnAbsentTask(t *testing.T) {
	for _, kind := range []string{"timeout", "deadline of the lane"} {
		t.Run(kind, func(t *testing.T) {
			inEachWay(t, func(t *testing.T, s *stage, begin func(*FD, Call, ...part) <-chan error) {
				other := newStage(t)
				fd := s.joined()
				first := absent(s, other, fd, timeouts.Forever, again, part{out: Outcome{N: 1}})
				timeout := time.Second
				if kind != "timeout" {
					s.limit(fd, Read, time.Second)
					timeout = timeouts.Forever
				}
				over := begin(fd, Call{Timeout: timeout}, part{during: func() { t.Error("it passes the first") }})
				s.queued(fd, Read, 1)
				s.p.advance(time.Second + timeouts.Tick)
				if n := s.turns(); n > 3 {
					t.Errorf("%d turns until the loop sleeps: it spins", n)
				}
				if n := fd.waiting(Read); kind == "timeout" && n != 1 {
					t.Errorf("%d operations wait, want one: the first may come within the grace", n)
				}
				if wait := s.p.lastWait(); fd.waiting(Read) == 1 && (wait < 0 || wait > grace+timeouts.Tick) {
					t.Errorf("the loop sleeps for %v, want at most the grace", wait)
				}
				s.p.advance(grace + timeouts.Tick)
				s.turns()
				if n := fd.waiting(Read); n != 0 {
					t.Fatalf("%d operations wait, and their time is over", n)
				}
				if err := s.ended(over); err != os.ErrDeadlineExceeded {
					t.Errorf("got %v, want os.ErrDeadlineExceeded", err)
				}
				if wait := s.p.lastWait(); wait >= 0 {
					t.Errorf("the loop sleeps for %v, and has nothing to do", wait)
				}

				other.turns()
				if kind == "timeout" {
					first.want(t, 2, true, nil, "it comes after all")
				} else {
					first.want(t, 1, true, os.ErrDeadlineExceeded, "the lane's deadline is its own too")
				}
			})
		})
	}
}

// The late task's own deadline passes too. It makes its last attempt when it runs.
func TestDeadlineOfAnAbsentTask(t *testing.T) {
	for _, last := range []part{again, done} {
		s, other := newStage(t), newStage(t)
		fd := s.joined()
		first := absent(s, other, fd, time.Second, again, last)
		behind := s.startWithin(time.Second, fd, Read, done)
		s.p.advance(time.Hour)
		if n := s.turns(); n > 3 {
			t.Errorf("%d turns until the loop sleeps: it spins", n)
		}
		s.p.advance(grace + timeouts.Tick)
		s.turns()
		behind.want(t, timedOut, "its time is over")
		want := error(nil)
		if last.err == ErrAgain {
			want = os.ErrDeadlineExceeded
		}
		other.turns()
		first.want(t, 2, true, want, "it comes after all")
		if n := s.turns(); n > 2 || s.Stats().Timers != 0 {
			t.Errorf("%d turns until the loop sleeps, with %d timers", n, s.Stats().Timers)
		}
	}
}

func TestEndsBehindAnAbsentTask(t *testing.T) {
	for what, end := range map[string]struct {
		end  func(fd *FD, cancel context.CancelCauseFunc)
		want error
	}{
		"a context":   {func(_ *FD, cancel context.CancelCauseFunc) { cancel(errWhy) }, errWhy},
		"Close":       {func(fd *FD, _ context.CancelCauseFunc) { fd.Close() }, net.ErrClosed},
		"SetDeadline": {func(fd *FD, _ context.CancelCauseFunc) { fd.SetDeadline(Read, timeouts.Now) }, os.ErrDeadlineExceeded},
	} {
		for _, task := range []bool{false, true} {
			name := what + ", goroutine"
			if task {
				name = what + ", task"
			}
			t.Run(name, func(t *testing.T) {
				s, other := newStage(t), newStage(t)
				fd := s.joined()
				absent(s, other, fd, timeouts.Forever, again)
				ctx, cancel := context.WithCancelCause(t.Context())
				defer cancel(nil)
				c := Call{Waiter: ByContext(ctx), Timeout: timeouts.Forever}
				var over <-chan error
				if task {
					over = s.inTask(func(task *Task) error {
						c.Waiter = c.Waiter.In(task)
						return fd.Do(&c, new(play))
					})
				} else {
					over = elsewhere(func() error { return fd.Do(&c, new(play)) })
				}
				s.queued(fd, Read, 1)
				end.end(fd, cancel)
				if err := s.ended(over); err != end.want {
					t.Errorf("got %v, want %v", err, end.want)
				}
			})
		}
	}
}

// When the task runs, it has its turn. The operations behind it follow in order.
func TestAbsentTaskComesAfterAll(t *testing.T) {
	for _, how := range []string{"its loop goes on", "its loop is closed"} {
		t.Run(how, func(t *testing.T) {
			s, other := newStage(t), newStage(t)
			fd := s.joined()
			var order []int
			turn := func(i int) part { return part{during: func() { order = append(order, i) }} }
			first := absent(s, other, fd, timeouts.Forever, again, turn(1))
			second := s.startWithin(time.Minute, fd, Read, turn(2))
			third := s.wait(fd, timeouts.Forever, turn(3))
			s.p.advance(time.Second)
			for range 3 {
				s.turn(s.ready(fd, pollux.Readable))
				s.turns()
			}
			if len(order) != 0 {
				t.Fatalf("%v passed the first", order)
			}
			if how == "its loop goes on" {
				other.turns()
			} else {
				within(t, "Close", func() { other.Close() })
			}
			s.turns()
			first.want(t, 2, true, nil, "it was woken")
			second.want(t, nil, "it was second")
			third.want(t, 1, true, nil, "it was third")
			if len(order) != 3 || order[0] != 1 || order[1] != 2 {
				t.Errorf("the order was %v", order)
			}
		})
	}
}

// The loop of the descriptor ends, and so does a reactor, even if a woken task never runs.
func TestCloseOfALoopWithAnAbsentTask(t *testing.T) {
	r, s := reactor(t, false)
	other := newStage(t)
	fd := s.descriptor()
	if err := fd.Join(s.Loop); err != nil {
		t.Fatal(err)
	}
	first := other.wait(fd, timeouts.Forever, again, done)
	s.p.tell(s.ready(fd, pollux.Readable))
	until(t, "the task is woken", func() bool { return fd.waiting(Read) == 0 })
	behind := elsewhere(func() error { return fd.Do(&Call{Timeout: timeouts.Forever}, new(play)) })
	until(t, "an operation waits behind it", func() bool { return fd.waiting(Read) == 1 })
	within(t, "Close", func() { r.Close() })
	if err := receive(t, "the end of the wait", behind); err != net.ErrClosed {
		t.Errorf("got %v, want net.ErrClosed", err)
	}
	if fd.Sysfd() >= 0 {
		t.Error("the descriptor is still open")
	}
	other.turns()
	first.want(t, 1, true, net.ErrClosed, "its descriptor is closed")
}
