package loop

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/polluxio/pollux"
)

// A descriptor without waiters may move to another loop. Events that are on their way on the first
// loop do not reach it any more.

func TestMove(t *testing.T) {
	s, other := newStage(t), newStage(t)
	var order []string
	s.p.onCall = func(call string) { order = append(order, "from: "+call) }
	other.p.onCall = func(call string) { order = append(order, "to: "+call) }
	fd := s.joined()
	stale := s.ready(fd, pollux.Readable)
	s.start(fd, Read, part{out: Outcome{Drained: true}}) // its cached readiness is from the first loop
	if err := fd.Join(other.Loop); err != nil || fd.Loop() != other.Loop {
		t.Fatalf("Join: %v; it is on %p", err, fd.Loop())
	}
	want := []string{fmt.Sprint("from: add ", fd.sysfd), fmt.Sprint("from: delete ", fd.sysfd), fmt.Sprint("to: add ", fd.sysfd)}
	if !slices.Equal(order, want) {
		t.Errorf("the pollers were called in the order %q, want %q", order, want)
	}
	if s.Stats().Descriptors != 0 || other.Stats().Descriptors != 1 {
		t.Errorf("%+v and %+v", s.Stats(), other.Stats())
	}
	a := s.start(fd, Read, again, done)
	if a.tries != 1 {
		t.Error("not tried: the lane remembers what it learned on the first loop")
	}
	s.turn(stale)
	a.want(t, waits, "that event is of the first loop")
	other.turn(other.ready(fd, pollux.Readable))
	a.want(t, nil, "ready")
	if err := fd.Join(nil); err != nil || fd.Loop() != other.Loop {
		t.Errorf("Join of any loop: %v; it is on %p", err, fd.Loop())
	}
}

func TestNoMoveWhileSomebodyWaits(t *testing.T) {
	s, other := newStage(t), newStage(t)
	fd := s.joined()
	a := s.start(fd, Write)
	if err := fd.Join(other.Loop); err != ErrOtherLoop {
		t.Errorf("Join while an operation waits: %v, want ErrOtherLoop", err)
	}
	a.Cancel()
	s.watch(fd, nil)
	if err := fd.Watch(other.Loop, new(witness)); err != ErrWatched {
		t.Errorf("Watch while it is watched: %v, want ErrWatched", err)
	}
	fd.Unwatch()
	w := other.watch(fd, nil)
	other.turn(other.ready(fd, pollux.Readable))
	s.turns()
	if len(w.told) != 1 || other.p.count(fmt.Sprint("add ", fd.sysfd)) != 1 {
		t.Errorf("told %v, want once", w.told)
	}
}

// A deadline is measured by the loop of the descriptor.
func TestMoveAndDeadline(t *testing.T) {
	s, other := newStage(t), newStage(t)
	fd := s.joined()
	s.startWithin(time.Second, fd, Read, again, done)
	s.turn(s.ready(fd, pollux.Readable)) // and the timer stays
	if n := s.Stats().Timers; n != 1 {
		t.Fatalf("%d timers, want 1", n)
	}
	if err := fd.Join(other.Loop); err != nil {
		t.Fatal(err)
	}
	if n := s.Stats().Timers; n != 0 {
		t.Errorf("%d timers are left on the first loop", n)
	}
	a := s.startWithin(time.Minute, fd, Read)
	s.p.advance(time.Hour)
	s.turns()
	a.want(t, waits, "the first loop's time is none of its")
	other.p.advance(time.Hour)
	other.turns()
	a.want(t, timedOut, "its time has come")
	fd.Close()
	if n := other.Stats().Timers; n != 0 {
		t.Errorf("%d timers are left", n)
	}
}

// Work that the first loop has left does not cancel the second loop's plan to come back.
func TestMoveInTheMiddleOfATurn(t *testing.T) {
	s, other := newStage(t), newStage(t)
	fd := s.joined()
	s.watch(fd, nil) // so that the loop plans to come back to it
	fd.Unwatch()
	mover := s.descriptor()
	var behind *act
	s.watch(mover, func(pollux.Ready) {
		if err := fd.Join(other.Loop); err != nil {
			t.Fatal(err)
		}
		if err := enter(fd, Read, false); err != nil {
			t.Fatal(err)
		}
		behind = other.start(fd, Read, done)
		exit(fd, Read, false, Outcome{}, nil)
		other.turns()
	})
	s.turn(s.ready(fd, pollux.Readable), s.ready(mover, pollux.Readable))
	s.turns()
	other.turns()
	behind.want(t, nil, "the lane is free")
}

// A watcher may move its descriptor to another loop. If it may not at that moment, it gets an error
// that says why.
func TestMoveWhileBeingTold(t *testing.T) {
	s, other := newStage(t), newStage(t)
	fd := s.descriptor()
	made := 0
	next := &witness{ready: func(pollux.Ready) { made += drainLane(t, fd, Read, 1, 1000) }}
	var moved error
	s.watch(fd, func(pollux.Ready) {
		fd.Unwatch()
		if moved = fd.Watch(other.Loop, next); moved == nil {
			other.turn(other.ready(fd, pollux.Readable)) // allowed, on its own goroutine
		}
	})
	s.turn(s.ready(fd, pollux.Readable))
	if moved == ErrOtherLoop {
		return
	}
	if moved != nil {
		t.Fatal(moved)
	}
	s.turns()
	for i := range 3 {
		before := made
		other.turn()
		if made == before {
			t.Fatalf("turn %d: the second watcher is not told, and has %d operations behind it", i, made)
		}
	}
}

// A watcher reads a part, and moves the descriptor to another loop before it returns. The part that
// is left then concerns the new loop only.
func TestHandOnAfterAPart(t *testing.T) {
	handOn := func(t *testing.T, next Watcher) (s, other *stage, fd *FD) {
		s, other = newStage(t), newStage(t)
		fd = s.descriptor()
		s.watch(fd, func(pollux.Ready) {
			if err := enter(fd, Read, false); err != nil {
				t.Error(err)
			}
			exit(fd, Read, false, Outcome{N: 1}, nil)
			fd.Unwatch()
			if err := fd.Watch(other.Loop, next); err != nil {
				t.Error(err)
			}
		})
		return s, other, fd
	}
	t.Run("to one that reads in parts", func(t *testing.T) {
		left := 3
		next := new(witness)
		s, other, fd := handOn(t, next)
		next.ready = func(pollux.Ready) { left = readPart(fd, left) }
		s.turn(s.ready(fd, pollux.Readable))
		s.turns()
		other.turn(other.ready(fd, pollux.Readable))
		if other.turns(); left != 0 {
			t.Errorf("%d parts are left", left)
		}
	})
	t.Run("and an operation", func(t *testing.T) {
		s, other, fd := handOn(t, new(witness))
		s.turn(s.ready(fd, pollux.Readable))
		s.turns()
		other.turns()
		if err := enter(fd, Read, false); err != nil {
			t.Fatal(err)
		}
		a := other.start(fd, Read, done)
		exit(fd, Read, false, Outcome{}, nil)
		other.turns()
		a.want(t, nil, "the lane is free")
	})
	t.Run("to one that is being called when the first returns", func(t *testing.T) {
		s, other := newStage(t), newStage(t)
		fd := s.descriptor()
		told, goOn, turned := make(chan struct{}, 10), make(chan struct{}), make(chan struct{})
		left := 3
		next := &witness{ready: func(pollux.Ready) {
			told <- struct{}{}
			<-goOn
			left = readPart(fd, left)
		}}
		s.watch(fd, func(pollux.Ready) {
			fd.Unwatch()
			if err := fd.Watch(other.Loop, next); err != nil {
				t.Error(err)
			}
			go func() {
				defer close(turned)
				other.turn(other.ready(fd, pollux.Readable))
			}()
			receive(t, "the call of the other", told)
		})
		s.turn(s.ready(fd, pollux.Readable))
		s.turns()
		close(goOn)
		<-turned
		if other.turns(); left != 0 {
			t.Errorf("%d parts are left", left)
		}
	})
}

// readPart reads one of the remaining parts, for a watcher.
func readPart(fd *FD, left int) int {
	if err := enter(fd, Read, false); err == nil {
		left--
		exit(fd, Read, false, Outcome{N: 1, Drained: left == 0}, nil)
	}
	return left
}

// A descriptor that joins its loop again keeps its place, its watcher and what waits for it.
func TestRejoin(t *testing.T) {
	s := newStage(t)
	if err := s.descriptor().Rejoin(); err != nil || len(s.p.calls) != 0 {
		t.Errorf("on no loop: %v, %q", err, s.p.calls)
	}
	fd := s.joined()
	a := s.start(fd, Read, again, done)
	if err := fd.Rejoin(); err != nil {
		t.Fatal(err)
	}
	want := []string{fmt.Sprint("add ", fd.sysfd), fmt.Sprint("delete ", fd.sysfd), fmt.Sprint("add ", fd.sysfd)}
	if got := slices.DeleteFunc(slices.Clone(s.p.calls), func(call string) bool { return call == "wake" }); !slices.Equal(got, want) {
		t.Errorf("the poller got %q, want %q", got, want)
	}
	s.turn(s.ready(fd, pollux.Readable))
	a.want(t, nil, "ready")
	fault := errors.New("no memory")
	s.p.faults[fmt.Sprint("add ", fd.sysfd)] = fault
	if err := fd.Rejoin(); err != fault {
		t.Errorf("%v, want the error of Add", err)
	}
}
