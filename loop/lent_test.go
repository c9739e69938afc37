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
	"github.com/polluxio/pollux/timeouts"
)

// The owner keeps a lane that it has lent to itself as long as it needs. Other operations wait
// behind it, or end, and the loop continues.

func TestLentLane(t *testing.T) {
	s := newStage(t)
	fd := s.joined()
	c := Call{Lane: Write, Timeout: timeouts.Forever}
	if err := fd.Begin(&c); err != nil {
		t.Fatal(err)
	}
	if err := fd.Lend(); err != nil {
		t.Fatal(err)
	}
	other := s.start(fd, Write, done)
	reader := s.start(fd, Read, done)
	late := s.startWithin(time.Millisecond, fd, Write, done)
	s.turn(s.ready(fd, pollux.Writable))
	other.want(t, waits, "the lane is lent")
	reader.want(t, nil, "its lane is free")

	s.p.advance(time.Second)
	s.turn()
	late.want(t, os.ErrDeadlineExceeded, "its time has passed")
	if n := s.turns(); n > 2 {
		t.Errorf("the loop made %d turns until it came to rest: it looks for the end of what may take long", n)
	}

	fd.End(&c, &Outcome{N: 1}, nil)
	s.turns()
	other.want(t, nil, "the lane was given back")
	if fd.state&(fdLent|lane(Write, laneBusy)) != 0 {
		t.Errorf("state %b: the lane is not free", fd.state)
	}
}

// The owner of a lent lane keeps its place while it waits, before those that came meanwhile.
func TestLentLaneWaitsAgain(t *testing.T) {
	s := newStage(t)
	fd := s.joined()
	var trace []string
	var other *act
	s.Go(func(task *Task) {
		c := Call{Waiter: ByTask(task), Lane: Write, Timeout: timeouts.Forever}
		err := fd.Begin(&c)
		for range 2 {
			if err == nil {
				err = fd.Lend()
			}
			if other == nil {
				other = s.start(fd, Write, part{during: func() { trace = append(trace, "other") }})
			}
			if err == nil {
				err = retried(fd, &c, Outcome{})
			}
			trace = append(trace, "owner")
		}
		if err == nil {
			fd.End(&c, &Outcome{}, nil)
		}
		if err != nil {
			t.Error(err)
		}
	})
	s.turn()
	for range 3 {
		s.turn(s.ready(fd, pollux.Writable))
	}
	s.turns()
	if want := []string{"owner", "owner", "other"}; !slices.Equal(trace, want) {
		t.Errorf("served %q, want %q", trace, want)
	}
}

// A descriptor that is closed while its lane is lent is not lent again. It stays open until the
// owner gives the lane back.
func TestLentTooLate(t *testing.T) {
	s := newStage(t)
	fd := s.joined()
	c := Call{Lane: Write, Timeout: timeouts.Forever}
	if err := fd.Begin(&c); err != nil {
		t.Fatal(err)
	}
	fd.Close()
	if err := fd.Lend(); err != net.ErrClosed {
		t.Errorf("Lend: %v, want net.ErrClosed", err)
	}
	if fd.sysfd < 0 {
		t.Error("the descriptor is closed, and its lane taken")
	}
	if err := retried(fd, &c, Outcome{}); err != net.ErrClosed {
		t.Errorf("after ErrAgain: %v, want net.ErrClosed", err)
	}
	if fd.sysfd >= 0 {
		t.Error("the descriptor is still open")
	}
}

// If another party carries out a promise's operation, a cancel goes to that party, which settles
// the promise with the result.
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

// If the lane was lent after each edge, the edges had a result, and the next one is not put off.
func TestLentAtEachEdge(t *testing.T) {
	s := newStage(t)
	fd := s.joined()
	const edges = 3 * vainMost
	lent := 0
	s.Go(func(task *Task) {
		c := Call{Waiter: ByTask(task), Lane: Write, Timeout: timeouts.Forever}
		err := fd.Begin(&c)
		for ; err == nil && lent <= edges; lent++ {
			if err = fd.Lend(); err == nil {
				err = retried(fd, &c, Outcome{})
			}
		}
		if err != nil && err != net.ErrClosed {
			t.Error(err)
		}
	})
	s.turn()
	for i := range edges {
		s.turn(s.ready(fd, pollux.Writable))
		if lent != i+1 {
			t.Fatalf("the lane was lent %d times at %d edges", lent, i+1)
		}
	}
	fd.Close()
	s.turns()
}

// Close while the lane is lent ends the waits behind it, and leaves the descriptor to the owner
// until End.
func TestCloseWhileLent(t *testing.T) {
	for _, tt := range []struct {
		name string
		err  error // of the owner's attempt
		want error // of End, and of Begin after ErrAgain
	}{
		{"done", nil, nil},
		{"not ready", ErrAgain, net.ErrClosed},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := newStage(t)
			fd := s.joined()
			c := Call{Lane: Write, Timeout: timeouts.Forever}
			if err := errors.Join(fd.Begin(&c), fd.Lend()); err != nil {
				t.Fatal(err)
			}
			behind := s.start(fd, Write, done)
			reader := s.start(fd, Read, again)
			within(t, "Close", func() { fd.Close() })
			behind.want(t, net.ErrClosed, "closed")
			reader.want(t, net.ErrClosed, "closed")
			if fd.sysfd < 0 {
				t.Error("the descriptor is closed, and its lane lent")
			}
			err := tt.err
			if fd.End(&c, &Outcome{}, err); err == ErrAgain {
				err = fd.Begin(&c)
			}
			if err != tt.want {
				t.Errorf("%v, want %v", err, tt.want)
			}
			if fd.sysfd >= 0 {
				t.Error("the descriptor is still open")
			}
			if n := s.Stats().Descriptors; n != 0 {
				t.Errorf("%d descriptors are registered", n)
			}
		})
	}
}

// The deadline of a lent lane ends the waits behind it at once. The owner's call continues, and its
// next wait ends.
func TestDeadlineWhileLent(t *testing.T) {
	for _, how := range []string{"it passes", "it is moved into the past"} {
		for _, failed := range []error{nil, ErrAgain} {
			s := newStage(t)
			s.p.advance(time.Hour)
			fd := s.joined()
			want, late := failed, os.ErrDeadlineExceeded
			if want == ErrAgain {
				want = late
			}
			s.Go(func(task *Task) {
				c := Call{Waiter: ByTask(task), Lane: Write, Timeout: timeouts.Forever}
				if err := errors.Join(fd.Begin(&c), fd.Lend()); err != nil {
					t.Error(err)
					return
				}
				task.Yield()
				err := failed
				if fd.End(&c, &Outcome{}, err); err == ErrAgain {
					err = fd.Begin(&c)
				}
				if err != want {
					t.Errorf("%s: after %v: %v, want %v", how, failed, err, want)
				}
			})
			s.turn()
			behind := s.start(fd, Write, done)
			if how == "it passes" {
				s.limit(fd, Write, time.Second)
				s.p.advance(time.Second + timeouts.Tick)
				s.Loop.expire()
			} else {
				s.limit(fd, Write, -1)
			}
			behind.want(t, late, how)
			if fd.state&fdLent == 0 {
				t.Errorf("%s: the lane is not lent any more", how)
			}
			s.turns()
			if !fd.idle() || fd.length(Write) != 0 {
				t.Errorf("%s: the lane is not free", how)
			}
		}
	}
}

// A cancel while the owner has the lane ends the owner's next wait.
func TestCancelWhileLent(t *testing.T) {
	for _, how := range []string{"Cancel", "context"} {
		s := newStage(t)
		fd := s.joined()
		ctx, cancel := context.WithCancelCause(t.Context())
		var got error
		want := errWhy
		s.Go(func(task *Task) {
			c := Call{Waiter: ByTask(task), Lane: Write, Timeout: timeouts.Forever}
			if how == "context" {
				c.Waiter = c.Waiter.With(ctx)
			}
			if err := errors.Join(fd.Begin(&c), fd.Lend()); err != nil {
				t.Error(err)
				return
			}
			if how == "context" {
				cancel(errWhy)
			} else {
				want = context.Canceled
				task.Cancel()
				task.Yield()
			}
			got = retried(fd, &c, Outcome{})
		})
		s.turn()
		behind := s.start(fd, Write, done)
		until(t, how+" ends the wait", func() bool {
			s.turns()
			return got != nil
		})
		if got != want {
			t.Errorf("%s: after ErrAgain: %v, want %v", how, got, want)
		}
		s.turn(s.ready(fd, pollux.Writable))
		behind.want(t, nil, "the lane is free, and ready")
		cancel(nil)
	}
}
