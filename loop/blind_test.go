package loop

import (
	"slices"
	"testing"
	"time"

	"github.com/polluxio/pollux"
	"github.com/polluxio/pollux/timeouts"
)

// waitBlind starts a blind operation by a task of s and makes a turn, so that it is queued.
func (s *stage) waitBlind(fd *FD, parts ...part) *waiter {
	s.t.Helper()
	w := &waiter{play: play{parts: parts}}
	w.Attempt, w.Timeout, w.Blind = &w.play, timeouts.Forever, true
	s.begin(fd, w)
	return w
}

// An edge during the attempt of another operation also wakes the blind operations in the queue:
// their data may be left after that attempt, and no other edge will come for it.
func TestBlindAndEdgeDuringAnAttempt(t *testing.T) {
	for _, tt := range []struct {
		name  string
		blind bool // the other operation
		out   Outcome
		err   error
	}{
		{"that is done", false, Outcome{N: 1}, nil},
		{"that emptied the socket", false, Outcome{N: 1, Drained: true}, nil},
		{"of a blind one", true, Outcome{}, nil},
	} {
		for _, by := range []string{"future", "task"} {
			t.Run(tt.name+", "+by, func(t *testing.T) {
				s := newStage(t)
				fd := s.fresh()
				var over func() bool
				if by == "future" {
					over = s.startBlind(fd, again, done).Settled
				} else {
					w := s.waitBlind(fd, again, done)
					over = func() bool { return w.over && w.err == nil }
				}
				if err := enter(fd, Read, tt.blind); err != nil {
					t.Fatal(err)
				}
				s.turn(s.ready(fd, pollux.Readable))
				exit(fd, Read, tt.blind, tt.out, tt.err)
				s.turns()
				if !over() {
					t.Error("the blind operation waits, and its edge has come")
				}
			})
		}
	}
}

// A watcher that was refused because the lane was busy is called again, even while a blind
// operation waits.
func TestWatcherBesideBlindOperation(t *testing.T) {
	s := newStage(t)
	fd := s.descriptor()
	w := s.watch(fd, func(pollux.Ready) {
		if enter(fd, Read, false) == nil {
			exit(fd, Read, false, Outcome{}, ErrAgain)
		}
	})
	blind := s.waitBlind(fd)
	if err := enter(fd, Read, false); err != nil {
		t.Fatal(err)
	}
	s.turn(s.ready(fd, pollux.Readable))
	exit(fd, Read, false, Outcome{N: 1}, nil)
	before := len(w.told)
	s.turns()
	if len(w.told) != before+1 {
		t.Errorf("the watcher was called %d times, want once: its attempt was refused", len(w.told)-before)
	}
	blind.want(t, 2, false, nil, "what it looks at has not come")
}

// An edge that was put off, because earlier ones brought nothing, is not lost if a blind attempt is
// running when its time comes.
func TestBlindAttemptWhenAnEdgeIsDue(t *testing.T) {
	s := newStage(t)
	fd := s.joined()
	plain := s.start(fd, Read, append(slices.Repeat([]part{again}, vainMost+1), done)...)
	for range vainMost + 1 { // the last edge is put off
		s.turn(s.ready(fd, pollux.Readable))
	}
	plain.want(t, waits, "its attempts came to nothing")
	if err := enter(fd, Read, true); err != nil {
		t.Fatal(err)
	}
	s.p.advance(vainDelay + timeouts.Tick)
	s.turns()
	exit(fd, Read, true, Outcome{}, nil)
	s.turns()
	plain.want(t, nil, "the time of the edge has come")
	s.p.advance(time.Hour)
	if s.turns(); s.Stats().Timers != 0 {
		t.Errorf("%d timers are left", s.Stats().Timers)
	}
}
