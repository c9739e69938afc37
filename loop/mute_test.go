package loop

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/polluxio/pollux"
	"github.com/polluxio/pollux/timeouts"
)

// mutes returns the calls of Mute and Unmute, without the number of the descriptor.
func (s *stage) mutes() (calls []string) {
	s.p.mu.Lock()
	defer s.p.mu.Unlock()
	for _, call := range s.p.calls {
		if name, _, _ := strings.Cut(call, " "); strings.HasSuffix(name, "mute") {
			calls = append(calls, name)
		}
	}
	return calls
}

// muted returns an FD on which a goroutine has made so many operations without a wait that it is
// muted.
func (s *stage) muted() *FD {
	s.t.Helper()
	if s.p.oneShot {
		s.t.Skip("a one-shot poller has nothing to mute")
	}
	fd := s.joined()
	s.busy(fd, runMost)
	if got := s.mutes(); !slices.Equal(got, []string{"mute"}) {
		s.t.Fatalf("after %d operations: %v, want one mute", runMost, got)
	}
	return fd
}

// busy makes n operations that need not wait.
func (s *stage) busy(fd *FD, n int) {
	s.t.Helper()
	for range n {
		if err := fd.Do(&Call{Timeout: timeouts.Forever}, &play{parts: []part{done}}); err != nil {
			s.t.Fatal(err)
		}
	}
}

// A descriptor is muted after runMost operations without a wait, and not before. It stays muted as
// long as nothing waits.
func TestMutedWhenNothingWaits(t *testing.T) {
	s := newStage(t)
	fd := s.muted()
	s.busy(fd, 4*runMost)
	if got := s.mutes(); !slices.Equal(got, []string{"mute"}) {
		t.Errorf("%v, want one mute", got)
	}
	other := s.joined()
	s.busy(other, runMost-1)
	if got := s.mutes(); !slices.Equal(got, []string{"mute"}) {
		t.Errorf("before the other descriptor has made %d operations: %v", runMost, got)
	}
}

// All that needs edges ends a mute, and gets the events of the time before.
func TestUnmutedBeforeAWait(t *testing.T) {
	for _, tt := range []struct {
		name string
		do   func(s *stage, fd *FD) (happened func() bool)
	}{
		{"a task's operation", func(s *stage, fd *FD) func() bool {
			w := s.wait(fd, timeouts.Forever, again, done)
			return func() bool { return w.over && w.err == nil }
		}},
		{"a future", func(s *stage, fd *FD) func() bool {
			a := s.start(fd, Read, again, done)
			return func() bool { return a.tries == 2 && a.Settled() }
		}},
		{"an operation that is blind", func(s *stage, fd *FD) func() bool {
			w := s.waitBlind(fd, again, done)
			return func() bool { return w.over && w.err == nil }
		}},
		{"a watcher", func(s *stage, fd *FD) func() bool {
			w := s.watch(fd, func(pollux.Ready) {})
			return func() bool { return len(w.told) > 0 }
		}},
		{"an operation with a retry timer", func(s *stage, fd *FD) func() bool {
			w := s.wait(fd, timeouts.Forever, part{err: ErrAgain, out: Outcome{Retry: &Retry{After: time.Hour}}}, done)
			return func() bool { return w.over && w.err == nil }
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := newStage(t)
			fd := s.muted()
			event := s.ready(fd, pollux.Readable)
			s.turn(event) // while fd is muted
			happened := tt.do(s, fd)
			if got := s.mutes(); !slices.Equal(got, []string{"mute", "unmute"}) {
				t.Errorf("%v, want mute and unmute", got)
			}
			s.turn()
			s.turn()
			if !happened() {
				t.Error("the event that came while the descriptor was muted is lost")
			}
		})
	}
}

// A descriptor that something waits for is not muted, whatever its other lane does.
func TestNotMutedWhileSomethingWaits(t *testing.T) {
	for _, tt := range []struct {
		name string
		do   func(s *stage, fd *FD)
	}{
		{"an operation", func(s *stage, fd *FD) {
			s.startWithin(timeouts.Forever, fd, Write, again)
		}},
		{"a watcher", func(s *stage, fd *FD) { s.watch(fd, func(pollux.Ready) {}) }},
		{"a lane that is blocked", func(s *stage, fd *FD) {
			if err := fd.Do(&Call{Lane: Write}, &play{parts: []part{again}}); err != ErrAgain {
				s.t.Fatal(err)
			}
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := newStage(t)
			fd := s.joined()
			tt.do(s, fd)
			s.busy(fd, 2*runMost)
			if got := s.mutes(); got != nil {
				t.Errorf("%v, want none", got)
			}
		})
	}
}

// A mute ends with its registration.
func TestMuteEndsWithTheRegistration(t *testing.T) {
	s := newStage(t)
	fd := s.muted()
	if err := fd.Rejoin(); err != nil {
		t.Fatal(err)
	}
	s.start(fd, Read, again)
	if got := s.mutes(); !slices.Equal(got, []string{"mute"}) {
		t.Errorf("after Rejoin: %v, want no unmute", got)
	}

	other := newStage(t)
	moved := other.muted()
	if err := moved.Join(s.Loop); err != nil {
		t.Fatal(err)
	}
	s.start(moved, Read, again)
	if got := other.mutes(); !slices.Equal(got, []string{"mute"}) {
		t.Errorf("after a move: %v, want no unmute", got)
	}
	if got := s.mutes(); !slices.Equal(got, []string{"mute"}) {
		t.Errorf("on the new loop: %v, want no unmute", got)
	}
}
