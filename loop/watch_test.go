package loop

import (
	"errors"
	"net"
	"slices"
	"testing"
	"time"

	"github.com/polluxio/pollux"
	"github.com/polluxio/pollux/timeouts"
)

// A standing watcher is called each time that an attempt of its own may succeed, and once at the
// end.

func TestWatcherIsTold(t *testing.T) {
	s := newStage(t)
	fd := s.descriptor()
	w := s.watch(fd, func(r pollux.Ready) {
		if r&pollux.Readable == 0 {
			return
		}
		if err := enter(fd, Read, false); err != nil { // a one-shot poller reports only what an attempt has asked for
			t.Error(err)
			return
		}
		exit(fd, Read, false, Outcome{}, ErrAgain)
	})
	expect := func(why string, want ...pollux.Ready) {
		t.Helper()
		if !slices.Equal(w.told, want) {
			t.Errorf("%s: told %v, want %v", why, w.told, want)
		}
		w.told = nil
	}
	s.turn()
	expect("no event")
	s.turn(s.ready(fd, pollux.Writable))
	expect("writable, and nothing that was to be written has waited")
	s.turn(s.ready(fd, pollux.Readable))
	expect("readable", pollux.Readable)
	s.turn(s.ready(fd, pollux.Readable|pollux.Writable))
	expect("both", pollux.Readable)

	if err := enter(fd, Write, false); err != nil {
		t.Fatal(err)
	}
	exit(fd, Write, false, Outcome{}, ErrAgain)
	s.turn(s.ready(fd, pollux.Readable))
	expect("readable, while a write waits", pollux.Readable)
	s.turn(s.ready(fd, pollux.Writable))
	expect("writable, after a write that had to wait", pollux.Writable)
	s.turn(s.ready(fd, pollux.Writable))
	expect("writable again")

	s.turn(s.ready(fd, pollux.Readable|pollux.Urgent))
	expect("urgent", pollux.Readable|pollux.Urgent)
	s.turn(s.ready(fd, pollux.Readable|pollux.Writable|pollux.Hangup))
	expect("hung up", pollux.Readable|pollux.Hangup)
}

// A short write counts like a write that had to wait.
func TestWatcherIsToldAfterShortWrite(t *testing.T) {
	s := newStage(t)
	fd := s.descriptor()
	w := s.watch(fd, nil)
	s.turn(s.ready(fd, pollux.Writable))
	if err := enter(fd, Write, false); err != nil {
		t.Fatal(err)
	}
	exit(fd, Write, false, Outcome{N: 10, Drained: true}, nil)
	if err := enter(fd, Write, false); err != ErrAgain {
		t.Fatalf("Enter: %v, want ErrAgain", err)
	}
	s.turn(s.ready(fd, pollux.Writable))
	if len(w.told) != 1 || w.told[0] != pollux.Writable {
		t.Errorf("told %v, want writable", w.told)
	}
}

// A watcher that is set late gets the events that came before.
func TestWatchWhatIsReady(t *testing.T) {
	s := newStage(t)
	fd := s.joined()
	s.turn(s.ready(fd, pollux.Readable|pollux.Writable))
	w := s.watch(fd, nil)
	s.turn()
	if len(w.told) != 1 || w.told[0] != pollux.Readable {
		t.Errorf("told %v, want readable", w.told)
	}

	blocked := s.joined()
	s.start(blocked, Read)
	w = s.watch(blocked, nil)
	s.turn()
	if len(w.told) != 0 {
		t.Errorf("told %v of what is surely not ready", w.told)
	}
}

// A write that had to wait before the descriptor was on a loop sees the end of the wait.
func TestWatchAfterWriteThatHadToWait(t *testing.T) {
	s := newStage(t)
	fd := s.descriptor()
	if err := enter(fd, Write, false); err != nil {
		t.Fatal(err)
	}
	exit(fd, Write, false, Outcome{}, ErrAgain)
	w := s.watch(fd, nil)
	s.turn(s.ready(fd, pollux.Writable))
	if len(w.told) != 1 || w.told[0] != pollux.Writable {
		t.Errorf("told %v, want writable", w.told)
	}
}

// Operations that are queued are served before the watcher is called.
func TestOperationsBeforeWatcher(t *testing.T) {
	s := newStage(t)
	fd := s.descriptor()
	var op *act
	w := s.watch(fd, func(pollux.Ready) { op.want(t, nil, "it was queued before the watcher was called") })
	op = s.start(fd, Read, again, done)
	s.turn(s.ready(fd, pollux.Readable))
	if len(w.told) != 1 {
		t.Errorf("told %v, want once", w.told)
	}
}

// watchAndCount watches fd with attempts in the lane d that succeed, and counts the refused ones.
func (s *stage) watchAndCount(fd *FD, d Direction) (refused *int, w *witness) {
	s.t.Helper()
	refused = new(int)
	return refused, s.watch(fd, func(pollux.Ready) {
		if err := enter(fd, d, false); err == ErrAgain {
			*refused++
		} else if err == nil {
			exit(fd, d, false, Outcome{}, nil)
		}
	})
}

// A watcher whose attempt is refused, because another attempt runs or waits, is called again when
// one may succeed.
func TestWatcherThatWasRefusedIsToldAgain(t *testing.T) {
	for _, d := range []Direction{Read, Write} {
		t.Run(d.String()+" while another goroutine is in a system call", func(t *testing.T) {
			s := newStage(t)
			fd := s.descriptor()
			refused, w := s.watchAndCount(fd, d)
			s.turn(s.ready(fd, pollux.Writable))
			if err := enter(fd, d, false); err != nil { // as another goroutine would
				t.Fatal(err)
			}
			s.turn(s.ready(fd, pollux.Readable))
			if *refused != 1 {
				t.Fatalf("refused %d times, want once", *refused)
			}
			w.told = nil
			exit(fd, d, false, Outcome{}, nil)
			s.turns()
			if len(w.told) == 0 || w.told[0]&edge(d) == 0 {
				t.Errorf("told %v, want %v: no edge will come, and what it could not do it still can", w.told, edge(d))
			}
		})
		t.Run(d.String()+" while operations wait for their turn", func(t *testing.T) {
			s := newStage(t)
			fd := s.descriptor()
			refused, w := s.watchAndCount(fd, d)
			s.turn(s.ready(fd, pollux.Writable))
			if err := enter(fd, d, false); err != nil {
				t.Fatal(err)
			}
			behind := s.start(fd, d, done)
			exit(fd, d, false, Outcome{}, nil)
			s.p.tell(s.ready(fd, pollux.Readable))
			s.turns()
			behind.want(t, nil, "the lane is free")
			if *refused > 0 && w.told[len(w.told)-1]&edge(d) == 0 {
				t.Errorf("told %v, want %v at last", w.told, edge(d))
			}
		})
	}
}

// A watcher whose attempts make edges does not keep the loop busy either: after many without a
// result it is called a while later.
func TestWatcherThatMakesEdges(t *testing.T) {
	for _, d := range []Direction{Read, Write} {
		t.Run(d.String(), func(t *testing.T) {
			s := newStage(t)
			fd := s.descriptor()
			tries, ready := 0, false
			w := s.watch(fd, func(pollux.Ready) {
				for {
					if err := enter(fd, d, false); err != nil {
						return
					}
					if tries++; ready {
						exit(fd, d, false, Outcome{Drained: true}, nil)
						continue
					}
					s.p.tell(s.ready(fd, edge(d)))
					exit(fd, d, false, Outcome{}, ErrAgain)
				}
			})
			s.turn(s.ready(fd, pollux.Readable))
			for range 100 {
				s.turn()
			}
			if tries > vainMost+1 {
				t.Errorf("%d attempts, want %d", tries, vainMost+1)
			}
			for range 3 {
				before := tries
				s.p.advance(vainDelay + timeouts.Tick)
				s.turns()
				s.turn()
				if tries != before+1 {
					t.Errorf("%d attempts in a while, want 1", tries-before)
				}
			}
			ready = true
			s.turn(s.ready(fd, edge(d)))
			s.p.advance(vainDelay + timeouts.Tick)
			s.turns()
			before := len(w.told)
			s.turn(s.ready(fd, edge(d)))
			if len(w.told) != before+1 {
				t.Error("it is not called at once, and its last attempt had a result")
			}
		})
	}
}

// A watcher that makes no attempts for a while is still called at each edge.
func TestWatcherThatDoesNotTry(t *testing.T) {
	if oneShotScripts {
		t.Skip("a one-shot poller reports the next edge after an attempt only, see Watcher.Ready")
	}
	s := newStage(t)
	fd := s.descriptor()
	w := s.watch(fd, nil)
	for range 3 * vainMost {
		s.turn(s.ready(fd, pollux.Readable))
	}
	if len(w.told) != 3*vainMost {
		t.Errorf("told %d times of %d edges", len(w.told), 3*vainMost)
	}
}

func TestUnwatch(t *testing.T) {
	s := newStage(t)
	fd := s.descriptor()
	w := s.watch(fd, nil)
	if fd.Watcher() == nil {
		t.Error("there is no watcher")
	}
	fd.Unwatch()
	if fd.Watcher() != nil {
		t.Error("there is a watcher after Unwatch")
	}
	s.turn(s.ready(fd, pollux.Readable))
	fd.Close()
	s.turn()
	if len(w.told)+len(w.closed) != 0 {
		t.Errorf("told %v and %v after Unwatch", w.told, w.closed)
	}
}

func TestUnwatchWhileBeingTold(t *testing.T) {
	s := newStage(t)
	fd := s.descriptor()
	w := s.watch(fd, func(pollux.Ready) { fd.Unwatch() })
	for range 3 {
		s.turn(s.ready(fd, pollux.Readable))
	}
	if len(w.told) != 1 {
		t.Errorf("told %v, want once", w.told)
	}
}

func TestWatchErrors(t *testing.T) {
	s, other := newStage(t), newStage(t)
	fd := s.descriptor()
	s.watch(fd, nil)
	for _, l := range []*Loop{s.Loop, other.Loop, nil} {
		if err := fd.Watch(l, new(witness)); err != ErrWatched {
			t.Errorf("a second watcher: %v, want ErrWatched", err)
		}
	}
	if err := fd.Join(other.Loop); err != ErrOtherLoop || fd.Loop() != s.Loop {
		t.Errorf("Join of a second loop: %v, want ErrOtherLoop", err)
	}
	fd.Close()
	if err := fd.Watch(s.Loop, new(witness)); err != net.ErrClosed {
		t.Errorf("of a closed descriptor: %v, want net.ErrClosed", err)
	}
	s.Loop.Close()
	if err := s.descriptor().Watch(s.Loop, new(witness)); err != net.ErrClosed {
		t.Errorf("on a closed loop: %v, want net.ErrClosed", err)
	}
}

// An error of the poller is returned, and nothing is left behind.
func TestJoinThatFails(t *testing.T) {
	s := newStage(t)
	full := errors.New("no more watches")
	fd := s.descriptor()
	s.p.faults["add "+fd.String()[len("fd "):]] = full
	if err := fd.Join(s.Loop); err != full {
		t.Errorf("Join: %v, want %v", err, full)
	}
	a := s.start(fd, Read, again)
	a.want(t, full, "it cannot wait")
	if st := s.Stats(); st.Descriptors != 0 || fd.Loop() != nil {
		t.Errorf("%+v, on %p", st, fd.Loop())
	}
	delete(s.p.faults, "add "+fd.String()[len("fd "):])
	s.start(fd, Read, again, done).want(t, waits, "now it can")
}

func TestWatchers(t *testing.T) {
	s := newStage(t)
	want := make(map[Watcher]bool)
	for i := range 600 {
		fd := s.descriptor()
		if i%3 == 0 {
			s.watch(fd, nil).closed = nil
			fd.Close()
			continue
		}
		if i%3 == 1 {
			want[s.watch(fd, nil)] = true
			continue
		}
		if err := fd.Join(s.Loop); err != nil {
			t.Fatal(err)
		}
	}
	for w := range s.Watchers() {
		if !want[w] {
			t.Errorf("%v is not watched, or was called twice", w)
		}
		delete(want, w)
	}
	if len(want) != 0 {
		t.Errorf("%d watchers are missing", len(want))
	}
	for range s.Watchers() {
		break
	}
}

// A watcher that has read something and has not reached the end is called again in the next turn,
// without an edge.
func TestWatcherThatStopsEarly(t *testing.T) {
	read := func(fd *FD, blind bool, out Outcome, err error) {
		if refused := enter(fd, Read, blind); refused == nil {
			exit(fd, Read, blind, out, err)
		}
	}
	for _, tt := range []struct {
		name string
		does func(fd *FD)
		told int // in later turns
	}{
		{"after a part", func(fd *FD) { read(fd, false, Outcome{N: 1}, nil) }, 1},
		{"after two parts", func(fd *FD) { read(fd, false, Outcome{N: 1}, nil); read(fd, false, Outcome{N: 1}, nil) }, 1},
		{"after the last part", func(fd *FD) { read(fd, false, Outcome{N: 1, Drained: true}, nil) }, 0},
		{"at the end", func(fd *FD) { read(fd, false, Outcome{N: 1}, nil); read(fd, false, Outcome{}, ErrAgain) }, 0},
		{"at an end that is to be tried again", func(fd *FD) {
			read(fd, false, Outcome{N: 1}, nil)
			read(fd, false, Outcome{Retry: &Retry{After: time.Hour}}, ErrAgain)
		}, 0},
		{"after a read that brought nothing", func(fd *FD) { read(fd, false, Outcome{}, nil) }, 0},
		{"after one that failed", func(fd *FD) { read(fd, false, Outcome{}, errFull) }, 0},
		{"after a look", func(fd *FD) { read(fd, true, Outcome{N: 1}, nil) }, 0},
		{"after a look that found nothing", func(fd *FD) { read(fd, true, Outcome{}, ErrAgain) }, 0},
		{"having written", func(fd *FD) { enter(fd, Write, false); exit(fd, Write, false, Outcome{N: 1}, nil) }, 0},
		{"having done nothing", func(*FD) {}, 0},
		{"after a part, and is watched no more", func(fd *FD) { read(fd, false, Outcome{N: 1}, nil); fd.Unwatch() }, 0},
		{"after a part, and closes", func(fd *FD) { read(fd, false, Outcome{N: 1}, nil); fd.Close() }, 0},
		{"with its budget spent", func(fd *FD) { read(fd, false, Outcome{N: budget}, nil); read(fd, false, Outcome{N: 1}, nil) }, 1},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := newStage(t)
			fd := s.descriptor()
			calls := 0
			w := s.watch(fd, func(pollux.Ready) {
				if calls++; calls == 1 {
					tt.does(fd)
				}
			})
			s.turn(s.ready(fd, pollux.Readable))
			if calls != 1 {
				t.Fatalf("told %v in the first turn, want once", w.told)
			}
			s.turns()
			if calls != 1+tt.told {
				t.Errorf("told %d times in the turns after, want %d", calls-1, tt.told)
			}
		})
	}
}

// A watcher that reads one part in each call is called until everything is read. Others have their
// turns meanwhile.
func TestWatcherThatReadsInParts(t *testing.T) {
	s := newStage(t)
	fd, other := s.descriptor(), s.descriptor()
	left := 5
	s.watch(fd, func(pollux.Ready) { left = readPart(fd, left) })
	w := s.watch(other, nil)
	s.turn(s.ready(fd, pollux.Readable))
	s.turn(s.ready(other, pollux.Readable))
	if len(w.told) != 1 || left == 0 {
		t.Errorf("the other got %v, and %d parts are left", w.told, left)
	}
	if s.turns(); left != 0 {
		t.Errorf("%d parts are left", left)
	}
}
