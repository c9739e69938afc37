package loop

import (
	"context"
	"testing"
	"time"

	"github.com/polluxio/pollux"
	"github.com/polluxio/pollux/timeouts"
)

// crowded is a script that reports goroutines which compute.
type crowded struct{ *script }

func (crowded) Crowded() time.Duration { return 64 * time.Microsecond }

// While other goroutines compute, a goroutine makes another attempt at once before it parks, and
// one more after they have run. Then it waits for an edge as usual.
func TestGoroutineLooksAgainBesideOthers(t *testing.T) {
	s := newStage(t)
	s.poller = crowded{s.p}
	fd := s.joined()
	s.turn() // the loop learns that others compute
	p := &play{parts: []part{again, again, again, done}}
	over := s.goDo(context.Background(), fd, &Op{Call: Call{Timeout: timeouts.Forever}, Attempt: p})
	until(t, "it waits", func() bool { return fd.waiting(Read) == 1 })
	if p.tries != 3 {
		t.Errorf("%d attempts before it waits, want 3", p.tries)
	}
	s.turn(s.ready(fd, pollux.Readable))
	if err := receive(t, "the end of the operation", over); err != nil || p.tries != 4 {
		t.Errorf("%v after %d attempts, want none after 4", err, p.tries)
	}
}

// While it lets others run it keeps the lane. Operations that come meanwhile are behind it, and no
// edge is lost.
func TestLookingAgainKeepsTheLane(t *testing.T) {
	s := newStage(t)
	s.poller = crowded{s.p}
	fd := s.joined()
	s.turn()
	var order []string
	var behind *act
	first := &play{parts: []part{
		again,
		{err: ErrAgain, during: func() {
			behind = s.start(fd, Read, part{during: func() { order = append(order, "behind") }})
			s.turn(s.ready(fd, pollux.Readable))
		}},
		{during: func() { order = append(order, "first") }},
	}}
	over := s.goDo(context.Background(), fd, &Op{Call: Call{Timeout: timeouts.Forever}, Attempt: first})
	if err := receive(t, "the end of the first", over); err != nil {
		t.Error(err)
	}
	s.turns()
	behind.want(t, nil, "an edge came")
	if len(order) != 2 || order[0] != "first" {
		t.Errorf("served %q, want the first before the one behind it", order)
	}
}
