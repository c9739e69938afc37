package loop

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/polluxio/pollux"
	"github.com/polluxio/pollux/timeouts"
)

// A descriptor may spend 32 operations or 256 KiB in a turn. Then others come first, and it
// continues without another edge.

func TestBudgetOfQueuedOperations(t *testing.T) {
	for _, tt := range []struct {
		name string
		out  Outcome
		most int // operations in a turn
	}{
		{"operations", Outcome{}, 32},
		{"small ones", Outcome{N: 100}, 32},
		{"64 KiB each", Outcome{N: 64 << 10}, 4},
		{"more than the budget each", Outcome{N: 1 << 20}, 1},
		{"one at a time", Outcome{N: 100, Ops: 1}, 32},
		{"batches of 8", Outcome{N: 100, Ops: 8}, 4},
		{"batches of 64", Outcome{Ops: 64}, 1},
		{"batches of 2, 64 KiB each", Outcome{N: 64 << 10, Ops: 2}, 4},
	} {
		for _, d := range []Direction{Read, Write} {
			t.Run(fmt.Sprint(tt.name, " ", d), func(t *testing.T) {
				s := newStage(t)
				greedy, modest := s.joined(), s.joined()
				var turn []int // the operations of the greedy descriptor, in order
				const all = 100
				for i := range all {
					parts := []part{{out: tt.out, during: func() { turn = append(turn, i) }}}
					if i == 0 {
						parts = append([]part{again}, parts...)
					}
					s.start(greedy, d, parts...)
				}
				other := s.start(modest, d, again, done)

				next := 0
				count := func(why string) {
					t.Helper()
					if len(turn) > tt.most {
						t.Errorf("%s: %d operations in one turn, want at most %d", why, len(turn), tt.most)
					}
					for _, i := range turn {
						if i != next {
							t.Fatalf("%s: operation %d in place of %d", why, i, next)
						}
						next++
					}
					turn = turn[:0]
				}
				s.turn(s.ready(greedy, edge(d)), s.ready(modest, edge(d)))
				count("first turn")
				other.want(t, nil, "it was ready too")
				for i := 0; next < all && i < all; i++ {
					s.turn()
					if s.p.lastWait() != 0 {
						t.Errorf("the loop waited for %v, with operations that may be tried", s.p.lastWait())
					}
					count("later turn")
				}
				if next != all {
					t.Errorf("%d operations of %d were made", next, all)
				}
			})
		}
	}
}

// Another edge of a descriptor that has spent its budget gives it no second share.
func TestBudgetIsNotRenewedByEdges(t *testing.T) {
	s := newStage(t)
	fd := s.joined()
	made := 0
	s.start(fd, Read, again, part{during: func() { made++ }})
	for range 999 {
		s.start(fd, Read, part{during: func() { made++ }})
	}
	s.turn(s.ready(fd, pollux.Readable))
	for range 5 {
		made = 0
		s.turn(s.ready(fd, pollux.Readable))
		if made > 32 {
			t.Errorf("%d operations in one turn, want 32", made)
		}
	}
}

// A posted function does not wait until a greedy descriptor is empty.
func TestBudgetAndPostedFunctions(t *testing.T) {
	s := newStage(t)
	fd := s.joined()
	made := 0
	s.start(fd, Read, again, part{during: func() { made++ }})
	for range 99 {
		s.start(fd, Read, part{during: func() { made++ }})
	}
	at := -1
	s.Post(func() { at = made })
	s.turn(s.ready(fd, pollux.Readable))
	if at < 1 || at > 32 {
		t.Errorf("the function ran after %d operations, want at most 32", at)
	}
}

// An operation of many parts spends the budget as many operations would, and keeps its place.
func TestBudgetOfOneOperation(t *testing.T) {
	s := newStage(t)
	fd := s.joined()
	var order []string
	parts := []part{again}
	for range 9 {
		parts = append(parts, part{out: Outcome{N: 64 << 10, More: true}, err: ErrAgain, during: func() { order = append(order, "part") }})
	}
	parts = append(parts, part{during: func() { order = append(order, "end") }})
	all := s.start(fd, Write, parts...)
	s.start(fd, Write, part{during: func() { order = append(order, "other") }})
	s.turn(s.ready(fd, pollux.Writable))
	if len(order) > 4 {
		t.Errorf("%d parts of 64 KiB in one turn, want 4", len(order))
	}
	s.turns()
	all.want(t, nil, "no edge is needed")
	want := []string{"part", "part", "part", "part", "part", "part", "part", "part", "part", "end", "other"}
	if !slices.Equal(order, want) {
		t.Errorf("attempts were %q, want %q", order, want)
	}
}

// drainLane makes attempts of n bytes until one returns ErrAgain, as a watcher should. It returns
// their number.
func drainLane(t *testing.T, fd *FD, d Direction, n, most int) (made int) {
	for made < most {
		if err := enter(fd, d, false); err != nil {
			if err != ErrAgain {
				t.Errorf("Enter: %v", err)
			}
			return made
		}
		made++
		exit(fd, d, false, Outcome{N: n}, nil)
	}
	return made
}

func TestBudgetOfWatcher(t *testing.T) {
	for _, tt := range []struct {
		name string
		n    int
		most int
	}{
		{"operations", 1, 32},
		{"bytes", 100 << 10, 3},
	} {
		for _, d := range []Direction{Read, Write} {
			t.Run(fmt.Sprint(tt.name, " ", d), func(t *testing.T) {
				s := newStage(t)
				greedy, modest := s.descriptor(), s.descriptor()
				made, served := 0, false
				w := s.watch(greedy, func(pollux.Ready) { made += drainLane(t, greedy, d, tt.n, 1000) })
				s.watch(modest, func(pollux.Ready) { served = true })
				// The first call of Readable starts the writes. Writable is called for watchers
				// whose writes were refused.
				s.turn(s.ready(greedy, pollux.Readable|pollux.Writable), s.ready(modest, pollux.Readable))
				if made > tt.most || made < 1 {
					t.Errorf("%d operations in the first turn, want %d", made, tt.most)
				}
				if !served {
					t.Error("the other was not served")
				}
				for i := range 10 {
					made = 0
					w.told = nil
					s.turn()
					if s.p.lastWait() != 0 {
						t.Fatalf("turn %d: the loop waited for %v, and the descriptor is ready", i, s.p.lastWait())
					}
					if made > tt.most || made < 1 {
						t.Errorf("turn %d: %d operations, want %d", i, made, tt.most)
					}
					if len(w.told) != 1 || w.told[0]&edge(d) == 0 {
						t.Errorf("turn %d: told %v, want once, and %v", i, w.told, edge(d))
					}
				}
			})
		}
	}
}

// A watcher that answers everything it receives is never refused, whatever the sizes of the pieces.
func TestBudgetOfAnswers(t *testing.T) {
	for _, tt := range []struct {
		name            string
		received, piece int
	}{
		{"alike", 64 << 10, 64 << 10},
		{"not of whole units", opCost + 63, 64 << 10},
		{"more than there are units", 8 << 20, 64 << 10},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := newStage(t)
			fd := s.descriptor()
			s.watch(fd, func(pollux.Ready) {
				all := tt.received * drainLane(t, fd, Read, tt.received, 1000)
				if all < budget {
					t.Errorf("received %d bytes, want a budget's", all)
				}
				for left := all; left > 0; left -= tt.piece {
					if err := enter(fd, Write, false); err != nil {
						t.Errorf("Enter: %v, with %d bytes of the answer to %d left", err, left, all)
						return
					}
					exit(fd, Write, false, Outcome{N: min(left, tt.piece)}, nil)
				}
			})
			s.turn(s.ready(fd, pollux.Readable))
		})
	}
}

// If the budget stops both queued operations and a watcher, the loop still comes back only once in
// each turn.
func TestBudgetOfBothLanes(t *testing.T) {
	s := newStage(t)
	fd := s.descriptor()
	calls := 0
	s.watch(fd, func(pollux.Ready) {
		calls++
		drainLane(t, fd, Read, 1, 1000)
	})
	s.start(fd, Write, again, done)
	for range 2000 {
		s.start(fd, Write, done)
	}
	s.turn(s.ready(fd, pollux.Readable|pollux.Writable))
	for i := range 6 {
		calls = 0
		s.turn()
		if calls != 1 {
			t.Fatalf("turn %d: the watcher was called %d times, want once", i, calls)
		}
		if n := len(s.again); n != 1 {
			t.Fatalf("turn %d: %d entries of one descriptor in the list of those still ready", i, n)
		}
	}
}

// A task that never has to wait yields after the same budget.
func TestBudgetOfTask(t *testing.T) {
	for _, tt := range []struct {
		name string
		n    int
		most int
	}{
		{"operations", 0, 32},
		{"bytes", 100 << 10, 3},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := newStage(t)
			fd := s.joined()
			made := 0
			s.Go(func(task *Task) {
				o := &Op{Attempt: trial(func(int) (Outcome, error) { made++; return Outcome{N: tt.n}, nil })}
				for range 200 {
					if err := do(fd, ByTask(task), o); err != nil {
						t.Error(err)
					}
				}
			})
			for i := 0; made < 200; i++ {
				before, posted := made, -1
				s.Post(func() { posted = made })
				s.turn()
				if made-before > tt.most || made == before {
					t.Fatalf("turn %d: %d operations, want %d", i, made-before, tt.most)
				}
				if posted < 0 {
					t.Fatalf("turn %d: what was posted did not run", i)
				}
			}
		})
	}
}

// An operation of a task with many parts yields too, and then continues by itself.
func TestBudgetOfOneOperationOfTask(t *testing.T) {
	s := newStage(t)
	fd := s.joined()
	made := 0
	var result error = ErrAgain
	s.Go(func(task *Task) {
		result = do(fd, ByTask(task), &Op{Call: Call{Lane: Write, Timeout: timeouts.Forever}, Attempt: trial(func(int) (Outcome, error) {
			if made++; made < 20 {
				return Outcome{N: 64 << 10, More: true}, ErrAgain
			}
			return Outcome{N: 64 << 10}, nil
		})})
	})
	for i := 0; made < 20 && i < 20; i++ {
		before := made
		s.turn()
		// The task's own attempts have a share, and then those of the loop.
		if made-before > 8 {
			t.Errorf("turn %d: %d parts of 64 KiB, want 4", i, made-before)
		}
	}
	s.turns()
	if result != nil {
		t.Errorf("the operation has come to %v", result)
	}
}

// The last attempt at a deadline does not do all the rest at once either.
func TestBudgetAtTheDeadline(t *testing.T) {
	s := newStage(t)
	fd := s.joined()
	made := 0
	parts := []part{again}
	for range 100 {
		parts = append(parts, part{out: Outcome{N: 64 << 10, More: true}, err: ErrAgain, during: func() { made++ }})
	}
	all := s.startWithin(time.Second, fd, Write, append(parts, done)...)
	s.p.advance(time.Hour)
	for i := 0; i < 100 && !all.Settled(); i++ {
		made = 0
		s.turn()
		if made > 8 { // the steps of events and of deadlines each have a share
			t.Fatalf("turn %d: %d parts of 64 KiB, want 4", i, made)
		}
	}
	all.want(t, nil, "it was ready all the time")
}

// A batch counts as its operations, for a watcher and for a task.
func TestBudgetOfBatches(t *testing.T) {
	const batch = 8
	const most = 32 / batch
	t.Run("watcher", func(t *testing.T) {
		s := newStage(t)
		fd := s.descriptor()
		tries := 0
		s.watch(fd, func(pollux.Ready) {
			for enter(fd, Read, false) == nil {
				tries++
				exit(fd, Read, false, Outcome{Ops: batch}, nil)
			}
		})
		for want := most; want <= 3*most; want += most {
			if s.turn(s.ready(fd, pollux.Readable)); tries != want {
				t.Fatalf("%d batches, want %d in a turn", tries, most)
			}
		}
	})
	t.Run("task", func(t *testing.T) {
		s := newStage(t)
		fd := s.joined()
		tries, stop := 0, false
		s.Go(func(task *Task) {
			for !stop {
				o := &Op{Call: Call{Timeout: timeouts.Forever}, Attempt: &play{parts: []part{{out: Outcome{Ops: batch}}}}}
				if err := do(fd, ByTask(task), o); err != nil {
					t.Error(err)
					return
				}
				tries++
			}
		})
		for range 3 {
			before := tries
			if s.turn(); tries-before < most-1 || tries-before > most {
				t.Fatalf("%d batches in a turn, want %d", tries-before, most)
			}
		}
		stop = true
		s.turns()
	})
}

// A watcher that has taken something is called again even if no bytes moved: empty datagrams,
// accepts.
func TestWatcherThatTookOperations(t *testing.T) {
	for _, tt := range []struct {
		out  Outcome
		want int // number of calls
	}{
		{Outcome{}, 1},
		{Outcome{Ops: 1}, 3},
		{Outcome{Ops: 64}, 3},
		{Outcome{N: 1}, 3},
	} {
		s := newStage(t)
		fd := s.descriptor()
		tries := 0
		w := s.watch(fd, func(pollux.Ready) {
			if enter(fd, Read, false) != nil {
				return
			}
			if tries++; tries == 3 {
				exit(fd, Read, false, Outcome{}, ErrAgain)
			} else {
				exit(fd, Read, false, tt.out, nil)
			}
		})
		s.turn(s.ready(fd, pollux.Readable))
		if s.turns(); len(w.told) != tt.want {
			t.Errorf("%+v: it was called %d times, want %d", tt.out, len(w.told), tt.want)
		}
	}
}
