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

// The race detector makes sync.Pool drop values at random, so this file is not part of its builds.

// An operation that completes at its first try allocates nothing, in every mode and each way to
// wait.
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
	ctx := t.Context() // this context can be canceled
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

// A call that would block on a non-blocking socket allocates nothing either. Servers make many such
// calls.
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

// A context for one call allocates nothing, as With documents.
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

// A deadline for each call, as users of net.Conn set it, allocates nothing after the first deadline
// of the socket.
func TestNoAllocationOfADeadline(t *testing.T) {
	socktest.Check(t)
	a, b := socktest.UDP.Pair(t)
	socktest.Must(t, a.Join(nil))
	p := make([]byte, 100)
	if n := testing.AllocsPerRun(100, func() {
		limited := a.SetReadDeadline(time.Now().Add(time.Minute))
		_, sent := b.Send(hello, 0)
		_, received := a.RecvInto(p, 0)
		if limited != nil || sent != nil || received != nil {
			t.Error(limited, sent, received)
		}
	}); n != 0 {
		t.Errorf("%v allocations in a call with a deadline", n)
	}
}

// Every buffer comes back, also from a call that receives nothing. The test would count a buffer
// that is not returned as an allocation.
func TestNoAllocationOfBuffers(t *testing.T) {
	socktest.Check(t)
	a, b := socktest.UDP.Pair(t)
	ended, peer := socktest.TCP.Pair(t)
	socktest.Must(t, peer.Shutdown(sock.SHUT_WR))
	blocks, _ := socktest.TCP.Pair(t)
	socktest.Must(t, blocks.SetTimeout(0))
	buffers := sock.NewBuffers(4096)
	measure := func(who string, view func(*sock.Socket) *sock.Socket) {
		a, ended, blocks := view(a), view(ended), view(blocks)
		for name, call := range map[string]func() bool{
			"a datagram": func() bool {
				b.Send(hello, 0)
				p, err := a.RecvBuffer(buffers, 0)
				buffers.Put(p)
				return err == nil && string(p) == "hello"
			},
			"an empty datagram": func() bool {
				b.Send(nil, 0)
				p, err := a.RecvBuffer(buffers, 0)
				buffers.Put(p)
				return err == nil && p != nil
			},
			"the end": func() bool {
				p, err := ended.RecvBuffer(buffers, 0)
				return err == nil && p == nil
			},
			"nothing": func() bool {
				p, err := blocks.RecvBuffer(buffers, 0)
				return err == sock.ErrWouldBlock && p == nil
			},
			"nothing to peek at": func() bool {
				p, err := blocks.RecvBuffer(buffers, sock.MSG_PEEK)
				return err == sock.ErrWouldBlock && p == nil
			},
		} {
			if n := testing.AllocsPerRun(100, func() {
				if !call() {
					t.Errorf("%s, %s: unexpected result", name, who)
				}
			}); n != 0 {
				t.Errorf("%s, %s: %v allocations", name, who, n)
			}
		}
	}
	measure("goroutine", func(s *sock.Socket) *sock.Socket { return s })
	measure("context", func(s *sock.Socket) *sock.Socket { return s.With(t.Context()) })
	inTask(t, func(task *loop.Task) error {
		measure("task", func(s *sock.Socket) *sock.Socket { return s.In(task) })
		measure("task and context", func(s *sock.Socket) *sock.Socket { return s.In(task).With(t.Context()) })
		return nil
	})
}

// A wait allocates nothing either, once the same number of waits have been made at one time.
func TestNoAllocationToWait(t *testing.T) {
	socktest.Check(t)
	a, b := socktest.UnixStream.Pair(t)
	r, err := loop.Default()
	socktest.Must(t, err)
	l := r.Next()
	buffers := sock.NewBuffers(4096)
	echo := func(s *sock.Socket) error {
		for {
			p, err := s.RecvBuffer(buffers, 0)
			if p == nil {
				return err
			}
			if _, err := s.Send(p, 0); err != nil {
				return err
			}
			buffers.Put(p)
		}
	}
	task := l.Go(func(task *loop.Task) {
		if err := echo(b.In(task)); err != nil {
			t.Error(err)
		}
	})
	p := make([]byte, 10)
	if n := testing.AllocsPerRun(200, func() {
		_, sent := a.Send(hello, 0)
		_, received := a.RecvInto(p, 0)
		if sent != nil || received != nil {
			t.Error(sent, received)
		}
	}); n != 0 {
		t.Errorf("%v allocations in a message there and back", n)
	}
	socktest.Must(t, a.Close())
	socktest.Must(t, socktest.Start(func() error { return task.Wait(t.Context()) }).Wait(t))
}
