package loop

import (
	"net"
	"testing"

	"github.com/polluxio/pollux"
)

// A descriptor whose watcher was taken away is as one that never had one: it waits, moves, and can
// be watched again.

// drain is an attempt of a watcher that finds nothing.
func drain(t *testing.T, fd *FD) {
	if err := enter(fd, Read, false); err != nil {
		t.Errorf("Begin: %v", err)
		return
	}
	exit(fd, Read, false, Outcome{}, ErrAgain)
}

// unwatchers take the watcher of fd away, in each place from which that can be done.
var unwatchers = map[string]func(t *testing.T, s *stage, fd *FD, w *witness){
	"before an event": func(t *testing.T, s *stage, fd *FD, w *witness) {
		if got := fd.Unwatch(); got != w {
			t.Errorf("Unwatch: %v, want the watcher", got)
		}
	},
	"in a call": func(t *testing.T, s *stage, fd *FD, w *witness) {
		w.ready = func(pollux.Ready) { fd.Unwatch() }
		s.turn(s.ready(fd, pollux.Readable))
	},
	"in a call, after a part": func(t *testing.T, s *stage, fd *FD, w *witness) {
		w.ready = func(pollux.Ready) {
			if err := enter(fd, Read, false); err != nil {
				t.Errorf("Begin: %v", err)
				return
			}
			exit(fd, Read, false, Outcome{N: 1}, nil)
			fd.Unwatch()
		}
		s.turn(s.ready(fd, pollux.Readable))
	},
	"in a call, after all": func(t *testing.T, s *stage, fd *FD, w *witness) {
		w.ready = func(pollux.Ready) {
			drain(t, fd)
			fd.Unwatch()
		}
		s.turn(s.ready(fd, pollux.Readable))
	},
	"in a posted function": func(t *testing.T, s *stage, fd *FD, w *witness) {
		s.Post(func() { fd.Unwatch() })
		s.turns()
	},
	"by a task": func(t *testing.T, s *stage, fd *FD, w *witness) {
		s.Go(func(*Task) { fd.Unwatch() })
		s.turns()
	},
	"by another descriptor's watcher, in the same turn": func(t *testing.T, s *stage, fd *FD, w *witness) {
		first := s.descriptor()
		s.watch(first, func(pollux.Ready) { fd.Unwatch() })
		s.turn(s.ready(first, pollux.Readable), s.ready(fd, pollux.Readable))
	},
	"between two calls": func(t *testing.T, s *stage, fd *FD, w *witness) {
		w.ready = func(pollux.Ready) { drain(t, fd) }
		s.turn(s.ready(fd, pollux.Readable))
		fd.Unwatch()
	},
}

func TestUnwatchAndGoOn(t *testing.T) {
	for place, unwatch := range unwatchers {
		for what, goOn := range map[string]func(t *testing.T, s, other *stage, fd *FD){
			"wait": func(t *testing.T, s, other *stage, fd *FD) {
				a := s.start(fd, Read, again, done)
				s.turns()
				for range 2 - a.tries { // the first attempt was not made if the lane is known to be blocked
					a.want(t, waits, "not ready")
					s.turn(s.ready(fd, pollux.Readable))
				}
				a.want(t, nil, "ready")
			},
			"watch again": func(t *testing.T, s, other *stage, fd *FD) {
				second := s.watch(fd, func(pollux.Ready) { drain(t, fd) })
				s.turns() // it may be called at once, as the descriptor may be ready
				before := len(second.told)
				s.turn(s.ready(fd, pollux.Readable))
				if len(second.told) == 0 || before > 1 {
					t.Errorf("the second watcher was called %d times, %d of them for no event", len(second.told), before)
				}
			},
			"watch again on another loop": func(t *testing.T, s, other *stage, fd *FD) {
				second := other.watch(fd, func(pollux.Ready) { drain(t, fd) })
				s.turns()
				other.turn(other.ready(fd, pollux.Readable))
				if len(second.told) != 1 || s.Stats().Descriptors > 1 {
					t.Errorf("the second watcher was called %d times, want once", len(second.told))
				}
				fd.Close()
				other.turns()
				if len(second.closed) != 1 || second.closed[0] != net.ErrClosed {
					t.Errorf("the second watcher was closed with %v, want net.ErrClosed once", second.closed)
				}
			},
			"move, and wait there": func(t *testing.T, s, other *stage, fd *FD) {
				if err := fd.Join(other.Loop); err != nil {
					t.Fatal(err)
				}
				a := s.start(fd, Read, again, done)
				s.turns()
				other.turn(other.ready(fd, pollux.Readable))
				a.want(t, nil, "ready")
			},
		} {
			t.Run(place+", then "+what, func(t *testing.T) {
				s, other := newStage(t), newStage(t)
				fd := s.descriptor()
				w := s.watch(fd, nil)
				unwatch(t, s, fd, w)
				if got := fd.Watcher(); got != nil {
					t.Fatalf("the watcher is %v after Unwatch", got)
				}
				if got := fd.Unwatch(); got != nil {
					t.Errorf("a second Unwatch: %v, want none", got)
				}
				told := len(w.told)
				goOn(t, s, other, fd)
				s.turns()
				if fd.Close(); len(w.told) != told {
					t.Error("the first watcher was called after Unwatch")
				}
				s.turns()
				if len(w.closed) != 0 {
					t.Error("the first watcher was closed after Unwatch")
				}
			})
		}
	}
}
