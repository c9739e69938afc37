package loop

import (
	"context"
	"net"
	"os"
	"runtime"
	"slices"
	"testing"
	"time"

	"github.com/polluxio/pollux"
	"github.com/polluxio/pollux/timeouts"
)

// The loop wakes the first waiter of a lane. That waiter takes the lane, makes the attempt and
// wakes the next one.

// A waiter is an operation by a task. The task's loop may differ from the descriptor's.
type waiter struct {
	Op
	play
	task *Task
	err  error
	over bool
}

// wait starts an operation by a task of s and makes a turn, so that it is queued.
func (s *stage) wait(fd *FD, timeout time.Duration, parts ...part) *waiter {
	s.t.Helper()
	w := &waiter{play: play{parts: parts}}
	w.Attempt, w.Timeout = &w.play, timeout
	s.begin(fd, w)
	return w
}

// begin starts w and makes a turn, so that it is queued.
func (s *stage) begin(fd *FD, w *waiter) {
	s.t.Helper()
	w.task = s.Go(func(task *Task) {
		w.err = do(fd, ByTask(task), &w.Op)
		w.over = true
	})
	before := fd.length(w.Lane)
	s.turn()
	if fd.length(w.Lane) != before+1 {
		s.t.Fatal("the operation is not queued")
	}
}

func (w *waiter) want(t *testing.T, tries int, over bool, err error, why string) {
	t.Helper()
	if w.tries != tries || w.over != over || w.err != err {
		t.Errorf("%s: %d attempts, over: %v, with %v; want %d, %v, %v", why, w.tries, w.over, w.err, tries, over, err)
	}
}

func TestHandedOnInOrder(t *testing.T) {
	s := newStage(t)
	fd := s.joined()
	var order []int
	var ends []<-chan error
	for i := range 4 {
		took := part{during: func() { order = append(order, i) }} // guarded by the lane
		parts := []part{again, took}
		ends = append(ends, s.goDo(context.Background(), fd, &Op{Call: Call{Timeout: timeouts.Forever}, Attempt: &play{parts: parts[min(i, 1):]}}))
	}
	s.turn(s.ready(fd, pollux.Readable)) // and no other
	for _, end := range ends {
		if err := receive(t, "the end of an operation", end); err != nil {
			t.Error(err)
		}
	}
	if want := []int{0, 1, 2, 3}; !slices.Equal(order, want) {
		t.Errorf("served in the order %v, want %v", order, want)
	}
	if fd.state&(lane(Read, laneBusy)|fdAgain) != 0 {
		t.Errorf("state %b: the lane is not free, or the loop was asked to come back", fd.state)
	}
}

// A woken operation that finds nothing is the first again. Those that came meanwhile stay behind
// it.
func TestHandedInVain(t *testing.T) {
	s, other := newStage(t), newStage(t)
	fd := s.joined()
	first := other.wait(fd, timeouts.Forever, again, again, done)
	s.turn(s.ready(fd, pollux.Readable)) // it has the lane and has not run
	late := s.wait(fd, timeouts.Forever, done)
	other.turn()
	first.want(t, 2, false, nil, "nothing was there")
	s.turn(s.ready(fd, pollux.Readable))
	late.want(t, 0, false, nil, "the first has the lane")
	other.turn()
	first.want(t, 3, true, nil, "ready")
	s.turns()
	late.want(t, 1, true, nil, "the lane was handed on")
}

// An edge between the wake-up and the attempt, or during the attempt, is not lost.
func TestEdgeWhileHanded(t *testing.T) {
	s, other := newStage(t), newStage(t)
	fd := s.joined()
	w := other.wait(fd, timeouts.Forever, again, part{err: ErrAgain, during: func() { s.arrives(fd, pollux.Readable) }}, done)
	s.turn(s.ready(fd, pollux.Readable))
	s.turn(s.ready(fd, pollux.Readable))
	other.turn() // tries again at once, or when a one-shot poller has been asked
	s.turn()
	other.turn()
	w.want(t, 3, true, nil, "the edge came during the attempt")
}

// A task is resumed right after the event that ended its wait, before the loop handles the next
// event.
func TestTaskIsResumedAfterItsEvent(t *testing.T) {
	s := newStage(t)
	a, b, c := s.joined(), s.joined(), s.joined()
	var order []string
	log := func(name string) func() { return func() { order = append(order, name) } }
	s.Go(func(task *Task) {
		do(a, ByTask(task), &Op{Call: Call{Timeout: timeouts.Forever}, Attempt: &play{parts: []part{again, {during: log("a tries")}}}})
		order = append(order, "a goes on")
	})
	s.Go(func(task *Task) {
		s.start(c, Read, again, part{during: log("c tries")}).Await(task)
		order = append(order, "c goes on")
	})
	s.turn()
	s.start(b, Read, again, part{during: log("b tries")})
	s.turn(s.ready(a, pollux.Readable), s.ready(b, pollux.Readable), s.ready(c, pollux.Readable))
	if want := []string{"a tries", "a goes on", "b tries", "c tries", "c goes on"}; !slices.Equal(order, want) {
		t.Errorf("the order was %q, want %q", order, want)
	}
}

// A cancel after the loop has woken the task, and before its attempt, ends the wait. The next
// operation gets the data.
func TestTaskCancelWhileWoken(t *testing.T) {
	s, other := newStage(t), newStage(t)
	fd := s.joined()
	w := other.wait(fd, timeouts.Forever, again, done)
	next := s.start(fd, Read, done)
	w.task.Cancel()
	s.turn(s.ready(fd, pollux.Readable))
	next.want(t, waits, "the task is before it")
	other.turns()
	w.want(t, 1, true, context.Canceled, "canceled when it was woken")
	s.turns()
	next.want(t, nil, "it is the first now")
	if fd.length(Read) != 0 || !fd.idle() {
		t.Error("the lane is not free")
	}
}

func TestContextWhileHanded(t *testing.T) {
	s, other := newStage(t), newStage(t)
	fd := s.joined()
	ctx, cancel := context.WithCancelCause(context.Background())
	o, err := &Op{Call: Call{Timeout: timeouts.Forever}, Attempt: &play{}}, ErrAgain
	other.Go(func(task *Task) { err = do(fd, ByTask(task).With(ctx), o) })
	other.turn()
	s.turn(s.ready(fd, pollux.Readable))
	cancel(errWhy)
	until(t, "the context's end is seen", func() bool {
		other.turns()
		return err != ErrAgain
	})
	if err != errWhy || fd.length(Read) != 0 || !fd.idle() {
		t.Errorf("got %v, %d operations wait; want the cause and none", err, fd.length(Read))
	}
}

// A descriptor is closed at once even if an operation was woken to use it.
func TestCloseWhileWoken(t *testing.T) {
	s, other := newStage(t), newStage(t)
	fd := s.joined()
	w := other.wait(fd, timeouts.Forever, again, again)
	behind := s.start(fd, Read)
	s.turn(s.ready(fd, pollux.Readable))
	fd.Close()
	behind.want(t, net.ErrClosed, "closed")
	if fd.sysfd >= 0 {
		t.Error("the descriptor is still open, and nothing uses it")
	}
	other.turns()
	w.want(t, 1, true, net.ErrClosed, "closed")
}

// A waiter that has the lane and has not run does not use a detached descriptor.
func TestDetachWhileHanded(t *testing.T) {
	for _, by := range []string{"Do", "Begin"} {
		t.Run(by, func(t *testing.T) {
			s, other := newStage(t), newStage(t)
			fd, p, err := s.joined(), &play{parts: []part{again, done}}, ErrAgain
			other.Go(func(task *Task) {
				if by == "Do" {
					err = do(fd, ByTask(task), &Op{Call: Call{Timeout: timeouts.Forever}, Attempt: p})
				} else {
					c := Call{Waiter: ByTask(task), Timeout: timeouts.Forever}
					if err = fd.Begin(&c); err == nil {
						err = retried(fd, &c, Outcome{})
					}
				}
			})
			other.turn()
			s.turn(s.ready(fd, pollux.Readable))
			want := fd.Sysfd()
			if sysfd, err := fd.Detach(); err != nil || sysfd != want {
				t.Errorf("Detach: %d, %v", sysfd, err)
			}
			other.turns()
			if err != net.ErrClosed || p.tries > 1 || !fd.idle() {
				t.Errorf("%v after %d attempts, idle: %v; want net.ErrClosed after the first", err, p.tries, fd.idle())
			}
		})
	}
}

// A descriptor does not move while an operation is woken for it.
func TestMoveWhileWoken(t *testing.T) {
	s, other := newStage(t), newStage(t)
	fd := s.joined()
	w := other.wait(fd, timeouts.Forever, again, again, done)
	s.turn(s.ready(fd, pollux.Readable))
	if err := fd.Join(other.Loop); err != ErrOtherLoop {
		t.Errorf("Join: %v, want ErrOtherLoop", err)
	}
	other.turns()
	w.want(t, 2, false, nil, "nothing was there")
	s.turn(s.ready(fd, pollux.Readable))
	other.turn()
	w.want(t, 3, true, nil, "ready")
}

// An operation that can complete does so, in every mode and however late the loop is. One that
// cannot is not tried again and again.
func TestLastAttemptOfWhoWaits(t *testing.T) {
	for _, tt := range []struct {
		name  string
		parts []part
		want  error
	}{
		{"done", []part{again, done}, nil},
		{"in vain", []part{again}, os.ErrDeadlineExceeded},
		{"put off", []part{again, backsOff(time.Hour)}, os.ErrDeadlineExceeded},
		{"in parts", []part{again, {out: Outcome{N: budget, More: true}, err: ErrAgain}, done}, nil},
	} {
		t.Run(tt.name+", task", func(t *testing.T) {
			s := newStage(t)
			w := s.wait(s.joined(), time.Second, tt.parts...)
			s.p.advance(2 * time.Second)
			s.turns()
			w.want(t, max(2, len(tt.parts)), true, tt.want, "its time is over")
		})
		t.Run(tt.name+", goroutine", func(t *testing.T) {
			s := newStage(t)
			fd, p := s.joined(), &play{parts: tt.parts}
			over := s.goDo(context.Background(), fd, &Op{Call: Call{Timeout: time.Second}, Attempt: p})
			s.p.advance(2 * time.Second)
			s.turns()
			if err := receive(t, "the end of the operation", over); err != tt.want || p.tries != max(2, len(tt.parts)) {
				t.Errorf("%v after %d attempts, want %v after %d", err, p.tries, tt.want, max(2, len(tt.parts)))
			}
		})
	}
	t.Run("by Begin and End", func(t *testing.T) {
		for _, parts := range [][]part{{again, done}, {again}} {
			s := newStage(t)
			p := &play{parts: parts}
			fd, err := s.joined(), ErrAgain
			s.Go(func(task *Task) {
				err = attempts(fd, &Call{Waiter: ByTask(task), Timeout: time.Second}, p)
			})
			s.turn()
			s.p.advance(2 * time.Second)
			s.turns()
			if want := [...]error{os.ErrDeadlineExceeded, nil}[len(parts)-1]; err != want || p.tries != 2 || !fd.idle() {
				t.Errorf("%v after %d attempts, want %v after 2", err, p.tries, want)
			}
		}
	})
}

// An attempt that makes an edge itself, as AF_ALG's do, does not keep other waiters from ending at
// their deadlines.
func TestDeadlineOfWhoMakesEdges(t *testing.T) {
	s, other := newStage(t), newStage(t)
	fd := s.joined()
	edge := part{err: ErrAgain, during: func() { s.p.tell(s.ready(fd, pollux.Readable)) }}
	w := other.wait(fd, time.Second, slices.Repeat([]part{edge}, 100)...)
	for range 3 {
		s.turn()
		other.turn()
	}
	w.want(t, 4, false, nil, "each attempt made an edge, and each edge an attempt")
	s.p.advance(2 * time.Second)
	s.turn()
	other.turn()
	w.want(t, 5, true, os.ErrDeadlineExceeded, "its time is over")
}

// The same is true if the loop sees the edges before the attempt is over.
func TestDeadlineOfWhoSeesEdges(t *testing.T) {
	for _, by := range []string{"Do", "Begin"} {
		t.Run(by, func(t *testing.T) {
			s, other := newStage(t), newStage(t)
			fd, err := s.fresh(), error(nil)
			edge := part{err: ErrAgain, during: func() {
				s.p.advance(time.Second)
				s.turn(s.ready(fd, pollux.Readable))
			}}
			p := &play{parts: slices.Repeat([]part{edge}, 100)}
			other.Go(func(task *Task) {
				if by == "Do" {
					err = do(fd, ByTask(task), &Op{Call: Call{Timeout: time.Second}, Attempt: p})
					return
				}
				c := Call{Waiter: ByTask(task), Timeout: time.Second}
				for err = fd.Begin(&c); err == nil; err = fd.Begin(&c) {
					_, failed := p.Try(-1)
					fd.End(&c, &Outcome{}, failed)
				}
			})
			other.turn()
			if err != os.ErrDeadlineExceeded || p.tries != 2 || !fd.idle() {
				t.Errorf("%v after %d attempts, want a timeout after 2", err, p.tries)
			}
			s.startWithin(0, fd, Read, edge, done).want(t, nil, "a call that does not wait has no deadline that could pass")
		})
	}
}

// An attempt that makes its next edge does not keep the loop busy. After many such edges without a
// result, data is late by at most a millisecond.
func TestEdgesInVain(t *testing.T) {
	for _, by := range []string{"task", "future"} {
		t.Run(by, func(t *testing.T) {
			s := newStage(t)
			fd := s.joined()
			tries, ready := 0, false
			o := &Op{Call: Call{Timeout: timeouts.Forever}, Attempt: trial(func(int) (Outcome, error) {
				tries++
				if ready {
					return Outcome{}, nil
				}
				s.p.tell(s.ready(fd, pollux.Readable))
				return Outcome{}, ErrAgain
			})}
			over := func() bool { return ready && fd.length(Read) == 0 && fd.idle() }
			if by == "task" {
				s.Go(func(task *Task) { do(fd, ByTask(task), o) })
			} else {
				Start(fd, s.Loop, o, new(int))
			}
			for range 100 {
				s.turn()
			}
			if tries != 1+vainMost {
				t.Errorf("%d attempts, want %d", tries, 1+vainMost)
			}
			for range 3 { // the edge of the earlier attempt waits too
				s.p.advance(vainDelay + timeouts.Tick)
				s.turns()
				s.turn()
			}
			if tries != 1+vainMost+3 || fd.length(Read) != 1 {
				t.Errorf("%d attempts, %d wait; want %d and 1", tries, fd.length(Read), 1+vainMost+3)
			}
			ready = true
			s.turn(s.ready(fd, pollux.Readable))
			s.p.advance(vainDelay + timeouts.Tick)
			s.turns()
			if !over() || fd.vain[Read] != 0 {
				t.Errorf("%d wait, %d without result; want none", fd.length(Read), fd.vain[Read])
			}
		})
	}
}

// A deadline passes while an operation has the lane. That operation gets the data, and then the
// others get theirs in order.
func TestDeadlineWhileHanded(t *testing.T) {
	s, other := newStage(t), newStage(t)
	fd := s.joined()
	const timeout = time.Second
	first := other.wait(fd, timeout, again, done)
	second := other.wait(fd, timeout, done)
	third := s.startWithin(timeout, fd, Read, done)
	hopeless := s.wait(fd, timeout)
	s.turn(s.ready(fd, pollux.Readable))
	s.p.advance(2 * time.Second)
	for range 5 {
		s.turn()
	}
	first.want(t, 1, false, nil, "it has not run")
	third.want(t, waits, "the lane is not free")
	for range 5 {
		other.turn()
		s.turn()
	}
	s.turns()
	first.want(t, 2, true, nil, "it had the lane")
	second.want(t, 1, true, nil, "it was the next")
	third.want(t, nil, "it was the third")
	hopeless.want(t, 1, true, os.ErrDeadlineExceeded, "nothing is left")
}

// Earlier operations that cannot complete do not delay the deadline of a later one. The later one
// does not pass them.
func TestDeadlineBehindOthers(t *testing.T) {
	t.Run("that back off", func(t *testing.T) {
		s := newStage(t)
		fd := s.joined()
		first := s.wait(fd, timeouts.Forever, slices.Repeat([]part{backsOff(time.Hour)}, 100)...)
		second := s.wait(fd, time.Second)
		s.p.advance(2 * time.Second)
		s.turns()
		first.want(t, 2, false, nil, "it has no deadline")
		second.want(t, 0, true, os.ErrDeadlineExceeded, "its time is over")
	})
	t.Run("that are not ready", func(t *testing.T) {
		s := newStage(t)
		fd := s.joined()
		first := s.wait(fd, timeouts.Forever, again)
		second := s.startWithin(time.Second, fd, Read, done)
		s.p.advance(2 * time.Second)
		s.turns()
		first.want(t, 2, false, nil, "it has no deadline")
		second.want(t, timedOut, "it may not pass the first")
	})
	t.Run("that are", func(t *testing.T) {
		s := newStage(t)
		fd := s.joined()
		first := s.wait(fd, timeouts.Forever, again, done)
		second := s.startWithin(time.Second, fd, Read, done)
		s.p.advance(2 * time.Second)
		s.turns()
		first.want(t, 2, true, nil, "the edge was late")
		second.want(t, nil, "the edge was late")
	})
}

// A watcher that backed off is called when its time has come, whichever operation has the lane
// then.
func TestRetryOfWatcherWithOthers(t *testing.T) {
	s := newStage(t)
	fd := s.descriptor()
	w := s.watch(fd, func(pollux.Ready) {})
	if err := enter(fd, Read, false); err != nil {
		t.Fatal(err)
	}
	exit(fd, Read, false, Outcome{Retry: &Retry{After: time.Second}}, ErrAgain)
	s.wait(fd, time.Second, backsOff(time.Hour))
	s.wait(fd, time.Second)
	s.p.advance(2 * time.Second)
	s.turns()
	if len(w.told) == 0 {
		t.Error("the watcher was not told")
	}
}

// A timer that finds no deadline due lets the loop sleep, whatever operations use the lane.
func TestTimerOfABusyLane(t *testing.T) {
	s := newStage(t)
	fd := s.joined()
	s.startWithin(time.Second, fd, Read, again, done).want(t, waits, "not ready")
	s.turn(s.ready(fd, pollux.Readable))
	if err := enter(fd, Read, false); err != nil {
		t.Fatal(err)
	}
	late := s.startWithin(time.Hour, fd, Read)
	s.p.advance(2 * time.Second)
	s.turns() // fails unless the loop comes to a sleep
	exit(fd, Read, false, Outcome{Drained: true}, nil)
	s.p.advance(time.Hour)
	s.turns()
	late.want(t, timedOut, "its time has come")
}

// Blind operations and operations that do not wait can use a lane together, and neither makes the
// other try for ever.
func TestBlindBesideOthers(t *testing.T) {
	s := newStage(t)
	fd := s.joined()
	blind := s.startBlind(fd)
	plain := s.wait(fd, timeouts.Forever)
	s.turns()
	for i := range 5 {
		b, p := blind.tries, plain.tries
		s.turn(s.ready(fd, pollux.Readable))
		s.turns()
		// The blind one is tried for the edge, and once more because the other may have taken the
		// data before its own.
		if blind.tries-b > 2 || plain.tries-p != 1 {
			t.Fatalf("edge %d: %d attempts of the blind one and %d of the other, want at most 2 and 1", i, blind.tries-b, plain.tries-p)
		}
	}
	fd.Close()
	s.turns()
}

// If a descriptor is closed during an attempt that the loop makes when it comes back, the loop
// closes it.
func TestCloseDuringTheComingBack(t *testing.T) {
	s := newStage(t)
	fd := s.joined()
	var blind *act
	closes := part{err: ErrAgain, during: func() { fd.Close() }}
	s.start(fd, Read, part{err: ErrAgain, during: func() { blind = s.startBlind(fd, closes, closes) }})
	s.turns()
	blind.want(t, net.ErrClosed, "closed")
	if fd.sysfd >= 0 {
		t.Error("the descriptor is still open")
	}
}

// A task that always finds data lets others run.
func TestHandedTaskYields(t *testing.T) {
	s := newStage(t)
	fd := s.joined()
	tries, stop := 0, false
	s.Go(func(task *Task) {
		o := &Op{Call: Call{Timeout: timeouts.Forever}}
		o.Attempt = trial(func(int) (Outcome, error) {
			if tries++; tries == 1 {
				return Outcome{}, ErrAgain
			}
			return Outcome{N: opCost}, nil
		})
		for !stop {
			if err := do(fd, ByTask(task), o); err != nil {
				t.Error(err)
				return
			}
		}
	})
	s.turn()
	for range 3 {
		before := tries
		s.turn(s.ready(fd, pollux.Readable))
		if n := tries - before; n == 0 || n > 2*budget/opCost {
			t.Fatalf("%d attempts in a turn, want a budget's", n)
		}
	}
	stop = true
	s.turns()
}

// A task ends the loop's goroutine. Operations that were to be resumed after the same event are
// still resumed.
func TestGoexitWithOthersWoken(t *testing.T) {
	r, s := reactor(t, false)
	fd := s.joined()
	ends := make(chan error, 3)
	for i := range 3 {
		s.Go(func(task *Task) {
			err := do(fd, ByTask(task), &Op{Attempt: &play{}, Call: Call{Timeout: time.Second}})
			ends <- err
			if i == 1 {
				runtime.Goexit()
			}
		})
		until(t, "the operation is queued", func() bool { return fd.length(Read) == i+1 })
	}
	s.idle()
	s.p.advance(2 * time.Second) // one makes a last attempt without result, and the others end at once
	for range 3 {
		if err := receive(t, "the end of a wait", ends); err != os.ErrDeadlineExceeded {
			t.Error(err)
		}
	}
	within(t, "Close", func() { r.Close() })
}

// A call in the name of a task that is waiting gets an error and does not change the task's wait.
func TestStrangerInATasksName(t *testing.T) {
	s := newStage(t)
	fd, elsewhere := s.joined(), s.joined()
	sysfd, err := -1, ErrAgain
	task := s.Go(func(task *Task) {
		c := Call{Waiter: ByTask(task), Timeout: timeouts.Forever}
		if err = fd.Begin(&c); err != nil {
			return
		}
		if err = retried(fd, &c, Outcome{}); err == nil {
			sysfd = c.Sysfd
			fd.End(&c, &Outcome{N: 1}, nil)
		}
	})
	s.turn()
	if n := fd.length(Read); n != 1 {
		t.Fatalf("%d wait, want the task", n)
	}
	if err := elsewhere.Begin(&Call{Waiter: ByTask(task), Lane: Write, Timeout: 1}); err != errNotRunning {
		t.Errorf("the stranger got %v, want %v", err, errNotRunning)
	}
	s.turn(s.ready(fd, pollux.Readable))
	if err != nil || sysfd < 0 || fd.length(Read) != 0 || !fd.idle() || !elsewhere.idle() {
		t.Errorf("the task got %d, %v; want the lane", sysfd, err)
	}
}
