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

// A lane that its owner has lent is the owner's for as long as it takes: other operations come after it, or end, and the loop goes on.

func TestLentLane(t *testing.T) {
	s := newStage(t)
	fd := s.joined()
	c := Call{Lane: Write, Timeout: -1}
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

	if again, err := fd.End(&c, Outcome{N: 1}, nil); again || err != nil {
		t.Fatal(again, err)
	}
	s.turns()
	other.want(t, nil, "the lane was given back")
	if fd.state&(fdLent|lane(Write, laneBusy)) != 0 {
		t.Errorf("state %b: the lane is not free", fd.state)
	}
}

// The owner of a lent lane goes on waiting in its place, before those who came meanwhile.
func TestLentLaneWaitsAgain(t *testing.T) {
	s := newStage(t)
	fd := s.joined()
	var trace []string
	var other *act
	s.Go(func(task *Task) {
		c := Call{Waiter: ByTask(task), Lane: Write, Timeout: -1}
		err := fd.Begin(&c)
		for range 2 {
			if err == nil {
				err = fd.Lend()
			}
			if other == nil {
				other = s.start(fd, Write, part{during: func() { trace = append(trace, "other") }})
			}
			if err == nil {
				_, err = fd.End(&c, Outcome{}, ErrAgain)
			}
			trace = append(trace, "owner")
		}
		if err == nil {
			_, err = fd.End(&c, Outcome{}, nil)
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

// A descriptor that is closed while its lane is lent is not lent again, and stays open until the lane is given back.
func TestLentTooLate(t *testing.T) {
	s := newStage(t)
	fd := s.joined()
	c := Call{Lane: Write, Timeout: -1}
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
	if again, err := fd.End(&c, Outcome{}, ErrAgain); again || err != net.ErrClosed {
		t.Errorf("End: %v, %v, want net.ErrClosed", again, err)
	}
	if fd.sysfd >= 0 {
		t.Error("the descriptor is still open")
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

// Edges after each of which the lane was lent came to something, and the next is not put off.
func TestLentAtEachEdge(t *testing.T) {
	s := newStage(t)
	fd := s.joined()
	const edges = 3 * vainMost
	lent := 0
	s.Go(func(task *Task) {
		c := Call{Waiter: ByTask(task), Lane: Write, Timeout: -1}
		err := fd.Begin(&c)
		for again := true; err == nil && again && lent <= edges; lent++ {
			if err = fd.Lend(); err == nil {
				again, err = fd.End(&c, Outcome{}, ErrAgain)
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
