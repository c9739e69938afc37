//go:build !race

package sock_test

import (
	"context"
	"testing"
	"time"

	"github.com/polluxio/pollux/loop"
	"github.com/polluxio/pollux/sock"
	"github.com/polluxio/pollux/sock/socktest"
)

// The race detector makes sync.Pool forget at random, so this is not for its builds.

// What completes at its first try allocates nothing, whoever would have waited and in every mode.
func TestNoAllocation(t *testing.T) {
	socktest.Check(t)
	a, b := socktest.UDP.Pair(t)
	stream, drain := socktest.UnixStream.Pair(t)
	addr := socktest.Name(t, b)
	p := make([]byte, 100)
	must := func(_ int, err error) {
		if err != nil {
			t.Error(err)
		}
	}
	feed := func() { must(b.Send(hello, 0)) }
	take := func() { must(b.RecvInto(p, 0)) }
	operations := []struct {
		name string
		call func(a, stream *sock.Socket)
	}{
		{"RecvInto", func(a, _ *sock.Socket) { feed(); must(a.RecvInto(p, 0)) }},
		{"RecvfromInto", func(a, _ *sock.Socket) {
			feed()
			n, _, err := a.RecvfromInto(p, 0)
			must(n, err)
		}},
		{"Send", func(a, _ *sock.Socket) { must(a.Send(hello, 0)); take() }},
		{"Sendto", func(a, _ *sock.Socket) { must(a.Sendto(hello, 0, addr)); take() }},
		{"Sendall", func(_, stream *sock.Socket) { must(stream.Sendall(hello, 0)); must(drain.RecvInto(p, 0)) }},
		{"Recv of nothing", func(a, _ *sock.Socket) { must(a.RecvInto(nil, 0)) }},
	}
	ctx := t.Context() // which can be canceled
	for _, mode := range []time.Duration{sock.Forever, socktest.Patience, 0} {
		for _, s := range []*sock.Socket{a, b, stream, drain} {
			socktest.Must(t, s.SetTimeout(mode))
		}
		measure := func(who string, a, stream *sock.Socket) {
			for _, op := range operations {
				if n := testing.AllocsPerRun(100, func() { op.call(a, stream) }); n != 0 {
					t.Errorf("%s, %s, %s: %v allocations", op.name, modeName(mode), who, n)
				}
			}
		}
		measure("goroutine", a, stream)
		measure("context", a.With(ctx), stream.With(ctx))
		measure("background", a.With(context.Background()), stream.With(context.Background()))
		inTask(t, func(task *loop.Task) error {
			measure("task", a.In(task), stream.In(task))
			measure("task and context", a.In(task).With(ctx), stream.In(task).With(ctx))
			return nil
		})
		for name, call := range map[string]func(){
			"RecvInto": func() { feed(); must(a.Async().RecvInto(p, 0).Wait(t.Context())) },
			"Send":     func() { must(a.Async().Send(hello, 0).Wait(t.Context())); take() },
		} {
			if n := testing.AllocsPerRun(100, call); n != 0 {
				t.Errorf("%s, %s, future: %v allocations", name, modeName(mode), n)
			}
		}
	}
}

// A call that would block on a non-blocking socket costs nothing either: servers make many.
func TestNoAllocationToBlock(t *testing.T) {
	socktest.Check(t)
	a, _ := socktest.TCP.Pair(t)
	socktest.Must(t, a.SetTimeout(0))
	p := make([]byte, 100)
	view := a.With(t.Context())
	for name, call := range map[string]func() error{
		"RecvInto": func() error { _, err := a.RecvInto(p, 0); return err },
		"future":   func() error { _, err := a.Async().RecvInto(p, 0).Wait(t.Context()); return err },
		"context":  func() error { _, err := view.RecvInto(p, 0); return err },
	} {
		if n := testing.AllocsPerRun(100, func() {
			if err := call(); err != sock.ErrWouldBlock {
				t.Errorf("%s: %v", name, err)
			}
		}); n != 0 {
			t.Errorf("%s: %v allocations", name, n)
		}
	}
}

// A context for one call costs nothing, as With says.
func TestNoAllocationOfAView(t *testing.T) {
	socktest.Check(t)
	a, b := socktest.UDP.Pair(t)
	ctx, p := t.Context(), make([]byte, 100)
	if n := testing.AllocsPerRun(100, func() {
		_, sent := b.With(ctx).Send(hello, 0)
		_, received := a.With(ctx).RecvInto(p, 0)
		if sent != nil || received != nil {
			t.Error(sent, received)
		}
	}); n != 0 {
		t.Errorf("%v allocations in two calls", n)
	}
}
