package loop

import (
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/polluxio/pollux"
	"github.com/polluxio/pollux/timeouts"
)

// An operation whose readiness makes no edge is tried again after a time. The time doubles up to a
// second, and the log gets the reason.

var errFull = errors.New("too many open files")

func backsOff(d time.Duration) part {
	return part{out: Outcome{Retry: &Retry{After: d, Cause: errFull}}, err: ErrAgain}
}

func TestRetryDoubles(t *testing.T) {
	s := newStage(t)
	fd := s.joined()
	var parts []part
	for range 12 {
		parts = append(parts, backsOff(5*time.Millisecond))
	}
	a := s.start(fd, Read, append(parts, done)...)
	want := 5 * time.Millisecond
	for i := 1; i <= 12; i++ {
		if a.tries != i {
			t.Fatalf("%d attempts, want %d", a.tries, i)
		}
		s.p.advance(want - time.Microsecond)
		s.turns()
		if a.tries != i {
			t.Fatalf("attempt %d came before %v", a.tries, want)
		}
		s.p.advance(time.Millisecond)
		s.turns()
		want = min(2*want, time.Second)
	}
	a.want(t, nil, "at last")

	warnings := s.logs.FilterMessage("operation backs off").All()
	if len(warnings) != 12 {
		t.Fatalf("%d warnings, want 12", len(warnings))
	}
	for i, w := range warnings {
		f := w.ContextMap()
		if f["error"] != errFull || f["lane"] != "read" {
			t.Errorf("warning %d: %v", i, f)
		}
		if d, want := f["for"], min(5*time.Millisecond<<i, time.Second); d != want {
			t.Errorf("warning %d: for %v, want %v", i, d, want)
		}
	}
}

// The edges that an Edgeless attempt makes itself cause no attempt before the time, and Most bounds
// the time. A hang-up is no such edge.
func TestRetryWithoutEdges(t *testing.T) {
	if oneShotScripts {
		t.Skip("a one-shot poller reports no edge and no hang-up that was not asked for: only the time counts")
	}
	for _, edgeless := range []bool{false, true} {
		s := newStage(t)
		fd := s.joined()
		full := part{out: Outcome{Retry: &Retry{After: time.Millisecond, Most: 4 * time.Millisecond, Edgeless: edgeless}}, err: ErrAgain}
		a := s.start(fd, Write, full, full, full, full, full, full, full, full, full, done)
		for range 3 {
			s.turn(s.ready(fd, pollux.Writable))
		}
		if !edgeless {
			if a.tries != 4 {
				t.Errorf("%d attempts after 3 edges, want 4", a.tries)
			}
			continue
		}
		if a.tries != 1 {
			t.Errorf("%d attempts after 3 edges that it ignores, want 1", a.tries)
		}
		for i, d := range []time.Duration{1, 2, 4, 4, 4} {
			s.p.advance(d*time.Millisecond + time.Millisecond/2)
			s.turns()
			if want := i + 2; a.tries != want {
				t.Errorf("%d attempts, want %d: %d ms after the one before", a.tries, want, d)
			}
		}
		tries := a.tries
		if s.turn(s.ready(fd, pollux.Hangup|pollux.Writable)); a.tries == tries {
			t.Error("no attempt after a hang-up")
		}
	}
}

func TestRetryBeginsAnewAfterSuccess(t *testing.T) {
	s := newStage(t)
	fd := s.joined()
	r := backsOff(10 * time.Millisecond)
	s.start(fd, Read, r, r, r, done)
	s.p.advance(time.Hour) // everything is due in each turn
	for range 5 {
		s.turn()
		s.p.advance(time.Hour)
	}
	a := s.start(fd, Read, r, done)
	s.p.advance(11 * time.Millisecond)
	s.turns()
	a.want(t, nil, "10 ms later")
}

// If an edge makes a back-off unnecessary, that does not delay the next back-off.
func TestRetryBeginsAnewAfterAnEdge(t *testing.T) {
	s := newStage(t)
	fd := s.fresh()
	s.start(fd, Read, backsOff(time.Second), done)
	s.turn(s.ready(fd, pollux.Readable))
	a := s.start(fd, Read, backsOff(10*time.Millisecond), backsOff(10*time.Millisecond), done)
	for _, after := range []time.Duration{10 * time.Millisecond, 20 * time.Millisecond} {
		a.want(t, waits, "it backs off")
		s.p.advance(after + timeouts.Tick)
		s.turns()
	}
	a.want(t, nil, "10 ms and 20 ms later")
}

func TestRetryEndsWithAnEdge(t *testing.T) {
	s := newStage(t)
	fd := s.fresh()
	a := s.start(fd, Read, backsOff(time.Second), done)
	s.turn(s.ready(fd, pollux.Readable))
	a.want(t, nil, "the edge came first")
	s.p.advance(time.Hour)
	s.turns()
	if n := s.Stats().Timers; n != 0 {
		t.Errorf("%d timers are left", n)
	}
}

// Each edge ends the back-off. But if many edges in a row bring nothing, the attempts themselves
// make them (each send to the full queue of another Unix datagram socket makes one). From then on
// the loop makes one attempt a millisecond.
func TestRetryAtEachEdge(t *testing.T) {
	if oneShotScripts {
		// A descriptor that backs off may be ready all the time (an accept without free
		// descriptors). Arm would then report it again and again. So only the timer ends the
		// back-off there.
		t.Skip("the next edge of a lane that backs off is promised only by edge-triggered pollers")
	}
	s := newStage(t)
	fd := s.joined()
	a := s.start(fd, Read, append(slices.Repeat([]part{backsOff(time.Second)}, vainMost+2), done)...)
	for i := range vainMost {
		a.want(t, waits, "it backs off")
		s.turn(s.ready(fd, pollux.Readable))
		if a.tries != i+2 {
			t.Fatalf("%d attempts after %d edges", a.tries-1, i+1)
		}
	}
	for range 100 {
		s.turn(s.ready(fd, pollux.Readable))
	}
	if a.tries != vainMost+1 {
		t.Errorf("%d attempts in no time, want %d", a.tries, vainMost+1)
	}
	for range 4 {
		s.p.advance(vainDelay + timeouts.Tick)
		s.turn(s.ready(fd, pollux.Readable))
	}
	a.want(t, nil, "there is something")
}

// The time of a back-off that ended early does not count for operations that make edges without a
// result.
func TestRetryOfAnotherThanTheMakerOfEdges(t *testing.T) {
	s := newStage(t)
	fd := s.joined()
	s.start(fd, Read, backsOff(time.Second)).Cancel()
	a := s.start(fd, Read, append(slices.Repeat([]part{again}, 1+vainMost), done)...)
	for range 1 + vainMost {
		s.turn(s.ready(fd, pollux.Readable))
	}
	a.want(t, waits, "it is tried once in a while")
	s.p.advance(vainDelay + timeouts.Tick)
	s.turns()
	a.want(t, nil, "a while later")
}

// An operation that has to join a loop first backs off too. A deadline ends it.
func TestRetryBeforeItIsOnALoop(t *testing.T) {
	s := newStage(t)
	fd := s.descriptor()
	a := s.start(fd, Write, backsOff(5*time.Millisecond), done)
	s.p.advance(6 * time.Millisecond)
	s.turns()
	a.want(t, nil, "5 ms later")
}

func TestRetryAndDeadline(t *testing.T) {
	s := newStage(t)
	fd := s.joined()
	r := backsOff(40 * time.Millisecond)
	a := s.startWithin(50*time.Millisecond, fd, Read, r, r, r, r)
	s.p.advance(45 * time.Millisecond)
	s.turns()
	a.want(t, waits, "tried again, without result")
	s.p.advance(10 * time.Millisecond)
	s.turns()
	a.want(t, timedOut, "its time has come before the next attempt's")
}

func TestRetryWithoutCauseIsSilent(t *testing.T) {
	s := newStage(t)
	s.start(s.joined(), Write, part{out: Outcome{Retry: &Retry{After: time.Millisecond}}, err: ErrAgain}, done)
	s.p.advance(2 * time.Millisecond)
	s.turns()
	if n := s.logs.Len(); n != 0 {
		t.Errorf("the log has %v", s.logs.All())
	}
}

// A watcher that backs off, mostly a listener's, is called when it has to try again.
func TestRetryOfWatcher(t *testing.T) {
	s := newStage(t)
	fd := s.descriptor()
	w := s.watch(fd, func(pollux.Ready) {
		if err := enter(fd, Read, false); err != nil {
			t.Errorf("Enter: %v", err)
			return
		}
		exit(fd, Read, false, Outcome{Retry: &Retry{After: 5 * time.Millisecond, Cause: errFull}}, ErrAgain)
	})
	s.turn(s.ready(fd, pollux.Readable))
	for i := range 4 {
		if len(w.told) != i+1 {
			t.Fatalf("told %v, want %d times", w.told, i+1)
		}
		s.p.advance(5*time.Millisecond<<i + time.Millisecond)
		s.turn()
	}
	fd.Close()
	s.p.advance(time.Hour)
	s.turns()
	if len(w.told) != 5 || s.Stats().Timers != 0 {
		t.Errorf("told %v after Close; %d timers", w.told, s.Stats().Timers)
	}
}

// A back-off in one direction causes no attempts in the other direction. Other operations do not
// end it early.
func TestRetryIsOfOneLane(t *testing.T) {
	s := newStage(t)
	fd := s.joined()
	a := s.start(fd, Read, backsOff(time.Second), done)
	b := s.start(fd, Write, again, done)
	s.turn(s.ready(fd, pollux.Writable))
	b.want(t, nil, "ready")
	a.want(t, waits, "its second is not over")
	s.p.advance(2 * time.Second)
	s.turns()
	a.want(t, nil, "its second is over")
}

// A watcher that backed off while the lane is lent is called when the owner gives the lane back.
func TestRetryOfWatcherWhileLent(t *testing.T) {
	s := newStage(t)
	fd := s.descriptor()
	w := s.watch(fd, nil)
	if err := enter(fd, Write, false); err != nil {
		t.Fatal(err)
	}
	exit(fd, Write, false, Outcome{Retry: &Retry{After: time.Second}}, ErrAgain)
	c := Call{Lane: Write}
	if err := errors.Join(fd.Begin(&c), fd.Lend()); err != nil {
		t.Fatal(err)
	}
	s.p.advance(2 * time.Second)
	s.turns()
	fd.End(&c, &Outcome{}, nil)
	s.turns()
	if len(w.told) == 0 || w.told[0]&pollux.Writable == 0 {
		t.Errorf("told %v, want writable", w.told)
	}
}

// An operation that looks at what is there, and waits for more, leaves the descriptor ready. A
// one-shot poller would report that after each Arm. So the loop does not ask it, and looks again
// after the time. Another poller reports the next arrival, and the time has no effect.
func TestRetryOfALook(t *testing.T) {
	looks := part{out: Outcome{N: 5, Retry: &Retry{After: 10 * time.Millisecond, Most: 40 * time.Millisecond, Level: true}}, err: ErrAgain}
	s := newStage(t)
	fd := s.joined()
	w := s.startBlind(fd, looks, looks, looks, done)
	if !oneShotScripts {
		s.p.advance(time.Hour)
		s.turns()
		if w.tries != 1 {
			t.Errorf("%d attempts without an edge, want 1", w.tries)
		}
		for range 3 {
			s.turn(s.ready(fd, pollux.Readable))
		}
		w.want(t, nil, "an edge for each attempt")
		return
	}
	token := s.p.tokens[int(fd.sysfd)]
	for i, after := range []time.Duration{10 * time.Millisecond, 20 * time.Millisecond, 40 * time.Millisecond} {
		if w.tries != i+1 {
			t.Fatalf("%d attempts, want %d", w.tries, i+1)
		}
		if asked := s.p.asked[token]; asked&pollux.Readable != 0 {
			t.Errorf("after %d attempts the poller is asked for %v, which is there", w.tries, asked)
		}
		s.p.advance(after + timeouts.Tick)
		s.turns()
	}
	w.want(t, nil, "70 ms later")
}
