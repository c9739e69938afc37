package loop

import (
	"os"
	"testing"
	"time"

	"github.com/polluxio/pollux"
	"github.com/polluxio/pollux/timeouts"
)

// A deadline ends an operation, never early, after a last attempt.

const timedOut = "i/o timeout"

func TestDeadlineIsNeverEarly(t *testing.T) {
	for _, d := range []time.Duration{1, time.Microsecond, time.Millisecond, 100 * time.Millisecond, time.Hour} {
		t.Run(d.String(), func(t *testing.T) {
			s := newStage(t)
			s.p.advance(12345678) // not at the beginning of a tick
			a := s.startWithin(d, s.joined(), Read)
			s.p.advance(d - 1)
			s.turns()
			a.want(t, waits, "a nanosecond before")
			s.p.advance(1 + timeouts.Tick)
			s.turn()
			a.want(t, timedOut, "a tick after")
			if _, err := a.Wait(t.Context()); err != os.ErrDeadlineExceeded {
				t.Errorf("%#v, want os.ErrDeadlineExceeded", err)
			}
			if a.tries != 2 {
				t.Errorf("%d attempts, want the first and the last", a.tries)
			}
		})
	}
}

func TestDeadlineThatHasPassed(t *testing.T) {
	s := newStage(t)
	s.p.advance(time.Hour)
	fd := s.joined()
	s.startWithin(0, fd, Read, done).want(t, nil, "done at the first attempt")
	a := s.startWithin(1, fd, Read)
	s.p.advance(time.Minute)
	s.turns()
	a.want(t, timedOut, "it has passed")
}

func TestLastAttempt(t *testing.T) {
	s := newStage(t)
	fd := s.joined()
	a := s.startWithin(time.Second, fd, Read, again, done)
	s.p.advance(2 * time.Second)
	s.turn()
	a.want(t, nil, "what can complete does")
}

// The first that completes is no reason to give up those behind it.
func TestLastAttempts(t *testing.T) {
	s := newStage(t)
	fd := s.joined()
	var acts []*act
	for i := range 3 {
		parts := []part{again, done}
		acts = append(acts, s.startWithin(time.Second, fd, Read, parts[min(i, 1):]...))
	}
	s.p.advance(2 * time.Second)
	s.turn()
	for _, a := range acts {
		a.want(t, nil, "what can complete does")
	}
}

// Each operation of a lane has a deadline of its own.
func TestDeadlinesOfOneLane(t *testing.T) {
	s := newStage(t)
	fd := s.joined()
	at := func(d time.Duration) *act { return s.startWithin(d, fd, Read) }
	never := s.start(fd, Read)
	late, early, middle := at(30*time.Millisecond), at(10*time.Millisecond), at(20*time.Millisecond)
	other := s.startWithin(15*time.Millisecond, fd, Write)
	for _, step := range []struct {
		at   time.Duration
		want [5]any // never, late, early, middle, other
	}{
		{9 * time.Millisecond, [5]any{waits, waits, waits, waits, waits}},
		{11 * time.Millisecond, [5]any{waits, waits, timedOut, waits, waits}},
		{16 * time.Millisecond, [5]any{waits, waits, timedOut, waits, timedOut}},
		{21 * time.Millisecond, [5]any{waits, waits, timedOut, timedOut, timedOut}},
		{31 * time.Millisecond, [5]any{waits, timedOut, timedOut, timedOut, timedOut}},
	} {
		s.p.advance(time.Duration(timeouts.Deadline(time.Second).Add(step.at) - s.Now()))
		s.turns()
		for i, a := range []*act{never, late, early, middle, other} {
			a.want(t, step.want[i], "after "+step.at.String())
		}
	}
	s.turn(s.ready(fd, pollux.Readable))
	if n := s.Stats().Timers; n != 0 {
		t.Errorf("%d timers run, and no operation has a deadline", n)
	}
	if fd.length(Read) != 1 {
		t.Errorf("%d operations wait, want the one without a deadline", fd.length(Read))
	}
}

// The timer of a lane stays where it is while operations come and go, and later looks what there
// is.
func TestDeadlinePushedBack(t *testing.T) {
	s := newStage(t)
	fd := s.joined()
	s.startWithin(time.Second, fd, Read, again, done)
	lt := &fd.extra.lanes[Read]
	first := lt.timer.Deadline()
	for range 1000 {
		s.turn(s.ready(fd, pollux.Readable)) // ends the one before
		s.p.advance(100 * time.Microsecond)
		a := s.startWithin(time.Second, fd, Read, again, done)
		a.want(t, waits, "not ready")
		if lt.timer.Deadline() != first || s.Stats().Timers != 1 {
			t.Fatalf("the timer has moved from %v to %v; %d timers", first, lt.timer.Deadline(), s.Stats().Timers)
		}
	}
	last := s.startWithin(time.Second, fd, Read)
	s.p.advance(950 * time.Millisecond) // the timer fires, and nothing is due
	s.turns()
	last.want(t, waits, "50 ms are left")
	s.p.advance(51 * time.Millisecond)
	s.turns()
	last.want(t, timedOut, "it was found when the timer fired")
}

func TestShorterDeadline(t *testing.T) {
	s := newStage(t)
	fd := s.joined()
	long := s.startWithin(time.Hour, fd, Read)
	short := s.startWithin(time.Millisecond, fd, Read)
	s.p.advance(2 * time.Millisecond)
	s.turn()
	short.want(t, timedOut, "its time has come")
	long.want(t, waits, "its time has not")
	s.p.advance(time.Hour)
	s.turns()
	long.want(t, timedOut, "its time has come")
}

// An operation that ends by its deadline leaves those behind it in their order.
func TestDeadlineOfTheFirst(t *testing.T) {
	s := newStage(t)
	fd := s.joined()
	first := s.startWithin(time.Millisecond, fd, Read)
	second := s.start(fd, Read, done)
	s.p.advance(2 * time.Millisecond)
	s.turns()
	first.want(t, timedOut, "its time has come")
	// It made the last attempt, so it is unknown whether the second is ready; the next edge will
	// tell.
	s.turn(s.ready(fd, pollux.Readable))
	second.want(t, nil, "ready")
}

// A deadline that passes while another goroutine is in a system call of the lane waits for the end
// of that: what could complete does.
func TestDeadlineWhileTheLaneIsBusy(t *testing.T) {
	s := newStage(t)
	fd := s.joined()
	if err := enter(fd, Read, false); err != nil {
		t.Fatal(err)
	}
	fit := s.startWithin(time.Millisecond, fd, Read, done)
	hopeless := s.startWithin(time.Millisecond, fd, Read)
	s.p.advance(time.Second)
	s.turn(s.ready(fd, pollux.Readable))
	exit(fd, Read, false, Outcome{}, nil)
	s.turn()
	s.p.advance(time.Millisecond)
	s.turns()
	fit.want(t, nil, "it was ready before its time was over")
	hopeless.want(t, timedOut, "not ready")
}

func TestDeadlineAndClose(t *testing.T) {
	s := newStage(t)
	fd := s.joined()
	a := s.startWithin(time.Second, fd, Read)
	b := s.startWithin(time.Second, fd, Write)
	if n := s.Stats().Timers; n != 2 {
		t.Errorf("%d timers, want one for each lane", n)
	}
	fd.Close()
	for _, a := range []*act{a, b} {
		a.want(t, "use of closed network connection", "closed")
	}
	if st := s.Stats(); st.Timers != 0 || st.Descriptors != 0 {
		t.Errorf("%+v is left", st)
	}
	s.p.advance(time.Hour)
	s.turns()
}

// A closed descriptor leaves no timer, even if one fires just then and another deadline came first.
func TestDeadlineSetWhileTheTimerFires(t *testing.T) {
	s := newStage(t)
	fd := s.joined()
	s.startWithin(time.Millisecond, fd, Read)
	s.p.advance(time.Second)
	// What the loop does between taking the timer out and asking the descriptor.
	timer := s.timers.pop(s.Now())
	if timer == nil {
		t.Fatal("the timer does not fire")
	}
	early := s.startWithin(1, fd, Read)
	s.p.advance(time.Second)
	fd.expire(s.Loop, timer.Owner.(*laneTimer), s.Now())
	s.turns()
	early.want(t, timedOut, "its time has come")
	fd.Close()
	if n := s.Stats().Timers; n != 0 {
		t.Errorf("%d timers are left", n)
	}
}
