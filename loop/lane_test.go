package loop

import (
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/polluxio/pollux"
	"github.com/polluxio/pollux/timeouts"
	"time"
)

// A lane serves its operations first in, first out. It caches what is known about readiness, and no
// more.

func TestLaneIsFIFO(t *testing.T) {
	for _, d := range []Direction{Read, Write} {
		t.Run(d.String(), func(t *testing.T) {
			s := newStage(t)
			fd := s.joined()
			var order []string
			op := func(name string, parts ...part) *act {
				for i := range parts {
					parts[i].during = func() { order = append(order, name) }
				}
				return s.start(fd, d, parts...)
			}
			a := op("a", again, done)
			b := op("b", again, done)
			c := op("c", done)
			other := s.start(fd, 1-d, again, done)
			if want := []string{"a"}; !slices.Equal(order, want) {
				t.Fatalf("attempts were %q, want %q: the others are behind it", order, want)
			}

			s.turn(s.ready(fd, edge(d)))
			a.want(t, nil, "first, and ready")
			b.want(t, waits, "second, and not ready")
			c.want(t, waits, "behind one that is not ready")
			other.want(t, waits, "of the other lane")

			s.turn(s.ready(fd, edge(d)))
			b.want(t, nil, "ready")
			c.want(t, nil, "behind one that is done")
			other.want(t, waits, "of the other lane")
			if want := []string{"a", "a", "b", "b", "c"}; !slices.Equal(order, want) {
				t.Errorf("attempts were %q, want %q", order, want)
			}
			s.turn(s.ready(fd, edge(1-d)))
			other.want(t, nil, "its own lane is ready")
		})
	}
}

// The attempts of an operation of several parts are not mixed with other operations, from its first
// attempt on.
func TestPartsAreNotMixed(t *testing.T) {
	s := newStage(t)
	fd := s.joined()
	var order []string
	log := func(name string) func() { return func() { order = append(order, name) } }
	more := Outcome{N: 10, More: true}

	var late *act
	first := s.start(fd, Write,
		part{out: more, err: ErrAgain, during: log("first")},
		part{during: func() {
			order = append(order, "first")
			late = s.start(fd, Write, part{during: log("late")}) // comes during the attempt
		}, out: Outcome{}, err: ErrAgain},
		part{out: more, err: ErrAgain, during: log("first")},
		part{err: ErrAgain, during: log("first")},
		part{during: log("first")},
	)
	later := s.start(fd, Write, part{during: log("later")})
	first.want(t, waits, "the buffer is full")
	for range 2 {
		s.turn(s.ready(fd, pollux.Writable))
	}
	for _, a := range []*act{first, late, later} {
		a.want(t, nil, "ready")
	}
	if want := []string{"first", "first", "first", "first", "first", "late", "later"}; !slices.Equal(order, want) {
		t.Errorf("attempts were %q, want %q", order, want)
	}
}

// An operation that comes during an attempt is tried after it, since no edge will come for it.
func TestQueuedDuringAnAttempt(t *testing.T) {
	for _, tt := range []struct {
		name string
		out  Outcome
		want any
	}{
		{"that is done", Outcome{}, nil},
		{"that emptied the socket", Outcome{Drained: true}, waits},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := newStage(t)
			fd := s.joined()
			var late *act
			s.start(fd, Read, part{out: tt.out, during: func() { late = s.start(fd, Read, done) }})
			late.want(t, waits, "it is not its turn")
			s.turns()
			late.want(t, tt.want, "one turn later")
			s.turn(s.ready(fd, pollux.Readable))
			late.want(t, nil, "ready")
		})
	}
	t.Run("by Enter", func(t *testing.T) {
		s := newStage(t)
		fd := s.joined()
		if err := enter(fd, Read, false); err != nil {
			t.Fatal(err)
		}
		if err := enter(fd, Read, false); err != ErrAgain {
			t.Errorf("Enter of a lane that is busy: %v, want ErrAgain", err)
		}
		late := s.start(fd, Read, done)
		exit(fd, Read, false, Outcome{}, nil)
		s.turns()
		late.want(t, nil, "one turn later")
	})
}

// An edge during an attempt is not lost, in any mode.
func TestEdgeDuringAnAttempt(t *testing.T) {
	t.Run("of the starter", func(t *testing.T) {
		s := newStage(t)
		fd := s.fresh()
		a := s.start(fd, Read, part{err: ErrAgain, during: func() { s.turn(s.ready(fd, pollux.Readable)) }}, done)
		a.want(t, nil, "tried again at once")
	})
	t.Run("of the starter, other direction", func(t *testing.T) {
		s := newStage(t)
		fd := s.joined()
		a := s.start(fd, Read, part{err: ErrAgain, during: func() { s.turn(s.ready(fd, pollux.Writable)) }}, done)
		a.want(t, waits, "that edge is not its own")
	})
	t.Run("of Enter", func(t *testing.T) {
		s := newStage(t)
		fd := s.fresh()
		if err := enter(fd, Read, false); err != nil {
			t.Fatal(err)
		}
		s.turn(s.ready(fd, pollux.Readable))
		if retry := exit(fd, Read, false, Outcome{}, ErrAgain); !retry {
			t.Error("Leave does not say that an edge came")
		}
		if err := enter(fd, Read, false); err != nil {
			t.Errorf("Enter: %v", err)
		}
		if retry := exit(fd, Read, false, Outcome{}, ErrAgain); retry {
			t.Error("Leave says twice that an edge came")
		}
		if err := enter(fd, Read, false); err != ErrAgain {
			t.Errorf("Enter of a lane that is surely not ready: %v, want ErrAgain", err)
		}
	})
	t.Run("of one that empties the socket", func(t *testing.T) {
		s := newStage(t)
		fd := s.fresh()
		s.start(fd, Read, part{out: Outcome{Drained: true}, during: func() { s.turn(s.ready(fd, pollux.Readable)) }})
		next := s.start(fd, Read, done)
		if next.tries != 1 {
			t.Error("the next was not tried, though more has come")
		}
	})
}

// A short read has emptied the socket: the next read does not ask the kernel.
func TestDrained(t *testing.T) {
	for _, tt := range []struct {
		name string
		seen pollux.Ready // before the attempt
		want any
	}{
		{"readable", pollux.Readable, waits},
		{"hung up", pollux.Readable | pollux.Hangup, nil},
		{"urgent", pollux.Readable | pollux.Urgent, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := newStage(t)
			fd := s.fresh()
			s.turn(s.ready(fd, tt.seen))
			s.start(fd, Read, part{out: Outcome{N: 5, Drained: true}}).want(t, nil, "ready")
			next := s.start(fd, Read, done)
			next.want(t, tt.want, "after a short read")
			if err := enter(fd, Read, false); (err == ErrAgain) != (tt.want == waits) {
				t.Errorf("Enter after a short read: %v", err)
			} else if err == nil {
				exit(fd, Read, false, Outcome{}, nil)
			}
			s.turn(s.ready(fd, pollux.Readable))
			next.want(t, nil, "after the next edge")
		})
	}
	t.Run("renewed", func(t *testing.T) {
		s := newStage(t)
		fd := s.joined()
		s.turn(s.ready(fd, pollux.Readable|pollux.Writable|pollux.Hangup)) // of a socket that is not connected
		fd.Renewed()
		s.start(fd, Read, part{out: Outcome{Drained: true}})
		s.start(fd, Read, done).want(t, waits, "the hang-up was of before")
	})
	t.Run("before it is on a loop", func(t *testing.T) {
		s := newStage(t)
		fd := s.descriptor()
		s.start(fd, Read, part{out: Outcome{Drained: true}})
		s.start(fd, Read, done).want(t, nil, "no watcher and no waiter would see the next edge")
	})
	t.Run("in the queue", func(t *testing.T) {
		s := newStage(t)
		fd := s.joined()
		first := s.start(fd, Read, again, part{out: Outcome{Drained: true}})
		second := s.start(fd, Read, done)
		s.turn(s.ready(fd, pollux.Readable))
		first.want(t, nil, "ready")
		second.want(t, waits, "the socket is empty")
		s.turn(s.ready(fd, pollux.Readable))
		second.want(t, nil, "ready")
	})
}

// An operation that must not wait does not wait, and does not make the descriptor join a loop.
func TestNow(t *testing.T) {
	s := newStage(t)
	fd := s.descriptor()
	for range 2 {
		a := s.startWithin(0, fd, Read, again, done)
		a.want(t, ErrAgain, "not ready")
		if a.tries != 1 {
			t.Errorf("%d attempts, want 1", a.tries)
		}
	}
	if fd.Loop() != nil || s.Stats().Descriptors != 0 {
		t.Error("it has joined a loop")
	}
	if err := fd.Join(s.Loop); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		a := s.startWithin(0, fd, Read, again, done)
		a.want(t, ErrAgain, "not ready")
		if a.tries != 1 {
			t.Errorf("%d attempts on a loop, want 1", a.tries)
		}
	}
	// A watcher is called in time, so its descriptor is not tried without need.
	if err := fd.Watch(s.Loop, closedFunc(func(error) {})); err != nil {
		t.Fatal(err)
	}
	a := s.startWithin(0, fd, Read, done)
	a.want(t, ErrAgain, "surely not ready")
	if a.tries != 0 {
		t.Errorf("%d attempts, and the lane knows better", a.tries)
	}
	s.turn(s.ready(fd, pollux.Readable))
	s.startWithin(0, fd, Read, done).want(t, nil, "ready")
}

func TestErrorsEndAnOperation(t *testing.T) {
	s := newStage(t)
	fd := s.joined()
	reset := errors.New("connection reset")
	s.start(fd, Read, part{err: reset}).want(t, reset, "at the first attempt")
	a := s.start(fd, Read, again, part{err: reset})
	b := s.start(fd, Read, done)
	s.turn(s.ready(fd, pollux.Readable))
	a.want(t, reset, "at the second attempt")
	b.want(t, nil, "an error is not EAGAIN: the lane may still be ready")
}

func TestWrap(t *testing.T) {
	s := newStage(t)
	fd := s.joined()
	wrap := func(err error, _ int) error { return fmt.Errorf("wrapped %w", err) }
	start := func(parts ...part) Future[int] {
		o := &Op{Call: Call{Timeout: timeouts.Forever}, Attempt: &play{parts: parts}, Wrap: wrap}
		return Start(fd, s.Loop, o, new(int))
	}
	broken := part{err: errors.New("broken")}
	atOnce, later, fine := start(broken), start(again, broken), start(done)
	s.turn(s.ready(fd, pollux.Readable))
	for _, f := range []Future[int]{atOnce, later} {
		if _, err := f.Wait(t.Context()); err == nil || err.Error() != "wrapped broken" {
			t.Errorf("got %v, want wrapped broken", err)
		}
	}
	if _, err := fine.Wait(t.Context()); err != nil {
		t.Errorf("got %v: no error is not wrapped", err)
	}
}

// Blind operations look at something else. They may pass others, others may pass them, and they do
// not change the state of the lane.

func (s *stage) startBlind(fd *FD, parts ...part) *act {
	a := &act{play: play{parts: parts}}
	a.Attempt, a.Lane, a.Timeout, a.Blind = &a.play, Read, timeouts.Forever, true
	a.Future = Start(fd, s.Loop, &a.Op, new(int))
	return a
}

func TestBlind(t *testing.T) {
	t.Run("passes one that waits", func(t *testing.T) {
		s := newStage(t)
		fd := s.joined()
		s.start(fd, Read)
		s.startBlind(fd, done).want(t, nil, "the lane's memory is not its own")
	})
	t.Run("is passed by others", func(t *testing.T) {
		s := newStage(t)
		fd := s.joined()
		blind := s.startBlind(fd, again, again, done)
		plain := s.start(fd, Read, done)
		s.turn(s.ready(fd, pollux.Readable))
		blind.want(t, waits, "its edge has not come")
		plain.want(t, nil, "ready")
		s.turn(s.ready(fd, pollux.Readable|pollux.Urgent))
		blind.want(t, nil, "its edge has come")
	})
	t.Run("teaches nothing", func(t *testing.T) {
		s := newStage(t)
		fd := s.joined()
		if err := enter(fd, Read, true); err != nil {
			t.Fatal(err)
		}
		exit(fd, Read, true, Outcome{}, ErrAgain)
		if err := enter(fd, Read, false); err != nil {
			t.Errorf("Enter after a blind attempt that was not ready: %v", err)
		}
		exit(fd, Read, false, Outcome{}, nil)
	})
	t.Run("holds up no operation whose edge has come already", func(t *testing.T) {
		s := newStage(t)
		fd := s.joined()
		s.turn(s.ready(fd, pollux.Readable))
		blind := s.startBlind(fd)
		s.start(fd, Read, done).want(t, nil, "a future, ready")
		for _, timeout := range []time.Duration{0, timeouts.Forever} {
			c := Call{Timeout: timeout}
			if err := fd.Begin(&c); err != nil {
				t.Errorf("Begin with a timeout of %d: %v, and the lane is free", timeout, err)
			}
			fd.End(&c, &Outcome{}, nil)
		}
		s.startWithin(0, fd, Read, again).want(t, ErrAgain, "not ready")
		s.startWithin(0, fd, Read, done).want(t, nil, "ready by now, and no edge told so")
		blind.want(t, waits, "its edge has not come")
	})
	t.Run("holds up no watcher", func(t *testing.T) {
		s := newStage(t)
		fd := s.descriptor()
		s.watch(fd, func(pollux.Ready) {
			if err := enter(fd, Read, false); err != nil {
				t.Errorf("Enter: %v, and the watcher was called", err)
				return
			}
			exit(fd, Read, false, Outcome{Drained: true}, nil)
		})
		blind := s.startBlind(fd)
		s.turn(s.ready(fd, pollux.Readable))
		s.turns()
		blind.want(t, waits, "its edge has not come")
	})
	t.Run("behind one that is not ready", func(t *testing.T) {
		// The blind one was not tried when it was queued, because the lane was busy. The edge wakes
		// it.
		s := newStage(t)
		fd := s.joined()
		var blind *act
		s.start(fd, Read,
			part{err: ErrAgain, during: func() { blind = s.startBlind(fd, done) }},
			again)
		s.turn(s.ready(fd, pollux.Readable|pollux.Urgent))
		blind.want(t, nil, "an edge came, and others do not hold it up")
	})
	t.Run("came during an attempt that is not ready", func(t *testing.T) {
		// Its data may have been there for long, and no edge will come for it.
		s := newStage(t)
		fd := s.joined()
		var blind *act
		s.start(fd, Read, part{err: ErrAgain, during: func() { blind = s.startBlind(fd, done) }})
		s.turns()
		blind.want(t, nil, "the lane is free")
	})
	t.Run("came during an attempt, with others behind", func(t *testing.T) {
		s := newStage(t)
		fd := s.joined()
		var blind *act
		s.start(fd, Read, part{out: Outcome{Drained: true}, during: func() {
			blind = s.startBlind(fd, done)
			s.start(fd, Read)
		}})
		s.turns()
		blind.want(t, nil, "the lane is free")
	})
	t.Run("others came during its attempt", func(t *testing.T) {
		// The plain one finds the lane busy. Its edge came before.
		s := newStage(t)
		fd := s.joined()
		var plain *act
		s.startBlind(fd, part{err: ErrAgain, during: func() { plain = s.start(fd, Read, done) }})
		s.turns()
		plain.want(t, nil, "ready, and the lane is free")
	})
}

// An operation of several parts keeps its place: operations that came during its first attempt run
// after its last.
func TestPartsStayTogether(t *testing.T) {
	s := newStage(t)
	fd := s.joined()
	var behind *act
	a := s.start(fd, Write,
		part{out: Outcome{More: true}, err: ErrAgain, during: func() { behind = s.start(fd, Write, done) }}, again, done)
	a.want(t, waits, "the buffer is full")
	behind.want(t, waits, "it is behind")
	s.turn(s.ready(fd, pollux.Writable))
	a.want(t, nil, "ready")
	behind.want(t, nil, "ready")
	if a.tries != 3 {
		t.Errorf("%d attempts, want 3", a.tries)
	}
	if err := enter(fd, Write, false); err != nil {
		t.Errorf("Begin: %v: the lane was not given up", err)
	}
	exit(fd, Write, false, Outcome{}, nil)
}

// A call that must not wait asks the kernel, whatever the lane has cached: data may have come whose
// edge the loop has not seen yet. A watcher's call does not ask, and no such call passes the
// operations in the queue.
func TestBeginThatMustNotWait(t *testing.T) {
	s := newStage(t)
	for _, d := range []Direction{Read, Write} {
		fd := s.joined()
		now := func(fd *FD) error { return fd.Begin(&Call{Lane: d}) }
		s.startWithin(0, fd, d, again).want(t, ErrAgain, "not ready")
		s.startWithin(0, fd, d, done).want(t, nil, "ready by now, and no edge told so")
		s.startWithin(0, fd, d, again).want(t, ErrAgain, "not ready")
		if err := enter(fd, d, false); err != ErrAgain {
			t.Errorf("%v: a call that may wait: %v, and the lane knows better", d, err)
		}
		for range 2 { // the second call is as after an edge in between
			if err := now(fd); err != nil {
				t.Errorf("%v: %v, and nothing is known but what was", d, err)
			}
			if err := now(fd); err != ErrAgain {
				t.Errorf("%v: in the middle of an attempt: %v", d, err)
			}
			exit(fd, d, false, Outcome{}, ErrAgain)
		}

		a := s.start(fd, d, again)
		if err := now(fd); err != ErrAgain {
			t.Errorf("%v: with others in the queue: %v", d, err)
		}
		s.startWithin(0, fd, d, done).want(t, ErrAgain, "others are before it")
		a.want(t, waits, "not ready")

		watched := s.descriptor()
		if err := watched.Watch(s.Loop, closedFunc(func(error) {})); err != nil {
			t.Fatal(err)
		}
		s.startWithin(0, watched, d, again).want(t, ErrAgain, "not ready")
		if err := now(watched); err != ErrAgain {
			t.Errorf("%v: of a watched one: %v", d, err)
		}
	}
}
