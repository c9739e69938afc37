package loop

import (
	"context"
	"errors"
	"net"
	"os"
	"slices"
	"testing"
	"time"

	"github.com/polluxio/pollux"
)

// A lane that an attempt keeps is its owner's for as long as it takes: others come after it, or end, and the loop goes on.

var hold = part{out: Outcome{Hold: true}}

func TestLentLane(t *testing.T) {
	for _, tt := range []struct {
		name  string
		parts []part
	}{
		{"at the first attempt", []part{hold}},
		{"by the loop", []part{again, hold}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := newStage(t)
			fd := s.joined()
			owner := s.start(fd, Write, tt.parts...)
			if len(tt.parts) > 1 {
				owner.want(t, waits, "not ready")
				s.turn(s.ready(fd, pollux.Writable))
			}
			owner.want(t, nil, "the lane is its own")
			other := s.start(fd, Write, done)
			reader := s.start(fd, Read, done)
			late := s.startUntil(s.Now().Add(time.Millisecond), fd, Write, done)
			s.turn(s.ready(fd, pollux.Writable))
			other.want(t, waits, "the lane is another's")
			reader.want(t, nil, "its lane is free")

			s.p.advance(time.Second)
			s.turn()
			late.want(t, os.ErrDeadlineExceeded, "its time has passed")
			if n := s.turns(); n > 2 {
				t.Errorf("the loop made %d turns until it came to rest: it looks for the end of what may take long", n)
			}

			// It goes on: not ready, ready, the end.
			owner.parts = append(owner.parts, again, hold)
			owner.Entered = true
			more := Start(fd, s.Loop, &owner.Op, new(int))
			if more.Settled() {
				t.Fatal("settled, and not ready")
			}
			other.want(t, waits, "behind the one that had the lane")
			s.turn(s.ready(fd, pollux.Writable))
			if _, err := more.Wait(context.Background()); err != nil {
				t.Fatal(err)
			}
			other.want(t, waits, "the lane is another's again")
			fd.Leave(Write, false, Outcome{N: 1}, nil)
			s.turns()
			other.want(t, nil, "the lane was left")
		})
	}
}

// Who closes the descriptor, or cancels the operation, while the attempt says that it keeps the lane, has the last word.
func TestLentTooLate(t *testing.T) {
	for _, inLoop := range []bool{false, true} {
		s := newStage(t)
		fd := s.joined()
		closing := hold
		closing.during = func() { fd.Close() }
		parts := []part{closing}
		if inLoop {
			parts = []part{again, closing}
		}
		a := s.start(fd, Write, parts...)
		if inLoop {
			s.turn(s.ready(fd, pollux.Writable))
		}
		a.want(t, net.ErrClosed, "closed during the attempt")

		fd = s.joined()
		var b *act
		canceling := hold
		canceling.during = func() { b.Cancel() }
		b = s.start(fd, Write, again, canceling)
		s.turn(s.ready(fd, pollux.Writable))
		b.want(t, context.Canceled, "canceled during the attempt")
		s.start(fd, Write, done).want(t, nil, "the lane is free")
	}
}

// A promise whose cancel is somebody's affair is settled by that somebody, with what came of it.
func TestPromiseCanceledBy(t *testing.T) {
	s := newStage(t)
	s.run()
	for _, how := range []string{"Cancel", "context"} {
		p := NewPromise[int](s.Loop)
		p.CancelBy(func(why error) { p.ResolveWith(7, why) })
		ctx, cancel := context.WithCancel(context.Background())
		if how == "Cancel" {
			p.Future().Cancel()
		} else {
			cancel()
		}
		if n, err := p.Future().Wait(ctx); n != 7 || !errors.Is(err, context.Canceled) {
			t.Errorf("%s: %d, %v, want 7, canceled", how, n, err)
		}
		cancel()
	}
}

// Edges that each gave an owner the lane were not in vain, and the next is not put off.
func TestLentAtEachEdge(t *testing.T) {
	for _, by := range []string{"task", "future"} {
		t.Run(by, func(t *testing.T) {
			s := newStage(t)
			fd := s.joined()
			const edges = 3 * vainMost
			given := 0
			o := &Op{Lane: Write, Deadline: never, Attempt: &play{parts: slices.Repeat([]part{again, hold}, edges)}}
			s.Go(func(task *Task) {
				for ; given < edges; given++ {
					var err error
					if o.Entered = given > 0; by == "task" {
						err = fd.Do(task, o)
					} else {
						_, err = Start(fd, s.Loop, o, new(int)).Await(task)
					}
					if err != nil {
						t.Error(err)
						return
					}
				}
			})
			s.turn()
			for i := range edges {
				s.turn(s.ready(fd, pollux.Writable))
				s.turn() // a future tells its task in the next
				if given != i+1 {
					t.Fatalf("the lane was given %d times at %d edges", given, i+1)
				}
			}
		})
	}
}
