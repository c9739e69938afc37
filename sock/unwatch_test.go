package sock_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/polluxio/pollux/loop"
	"github.com/polluxio/pollux/sock"
	"github.com/polluxio/pollux/sock/socktest"
)

// A handler calls Unwatch in its own callback, in the middle of the received bytes, as STARTTLS
// does. Other receives get the rest, to the last byte, and the handler gets no further call.
func TestUnwatchInTheCallback(t *testing.T) {
	command, rest := []byte("STARTTLS\n"), pattern(300_000)
	for _, k := range socktest.Streams {
		t.Run(k.Name, func(t *testing.T) {
			socktest.EachWaiter(t, func(t *testing.T, w *socktest.Waiter) {
				a, b := k.Pair(t)
				given := make(chan error, 1)
				h := newHandler()
				h.readable = func(s *sock.Socket) {
					p, err := s.Recv(len(command), 0)
					if err == sock.ErrWouldBlock {
						return
					}
					switch {
					case err != nil || !bytes.Equal(p, command):
						err = fmt.Errorf("%q, %w", p, err)
					case s.Unwatch() != h || s.Handler() != nil || s.Unwatch() != nil:
						err = errors.New("the handler was not taken away")
					default:
						err = s.SetTimeout(sock.Forever)
					}
					given <- err
				}
				send := socktest.Start(func() error {
					_, err := b.Sendall(append(bytes.Clone(command), rest...), 0)
					return errors.Join(err, b.Shutdown(sock.SHUT_WR))
				})
				socktest.Must(t, a.Watch(nil, h))
				socktest.Must(t, socktest.Start(func() error { return <-given }).Wait(t))
				calls := h.calls.Load()
				var got []byte
				receive := socktest.Start(func() error {
					for {
						p, err := w.On(a).Recv(10_000, 0)
						if len(p) == 0 {
							return err
						}
						got = append(got, p...)
					}
				})
				socktest.Must(t, send.Wait(t))
				socktest.Must(t, receive.Wait(t))
				if !bytes.Equal(got, rest) {
					t.Errorf("%d bytes came of %d", len(got), len(rest))
				}
				socktest.Must(t, a.Close())
				if n := h.calls.Load(); n != calls || len(h.closed) != 0 {
					t.Errorf("%d further calls, %d of Closed", n-calls, len(h.closed))
				}
			})
		})
	}
}

// relay is one of two handlers that pass a socket back and forth, each on its own loop.
type relay struct {
	t     *testing.T
	home  *loop.Loop
	other *relay
	give  func(func() error) // runs the function that passes the socket on
	got   chan<- string
	ended chan<- error
}

func (r *relay) Readable(s *sock.Socket) {
	if s.Loop() != r.home || s.Handler() != sock.Handler(r) {
		r.t.Errorf("on %v with %v, want %v with this handler", s.Loop(), s.Handler(), r.home)
	}
	p, err := s.Recv(1, 0)
	if err == sock.ErrWouldBlock {
		return
	}
	if err != nil || len(p) == 0 {
		s.Close()
		return
	}
	s.Unwatch()
	r.got <- string(p)
	r.give(func() error { return s.Watch(r.other.home, r.other) })
}

func (r *relay) Writable(*sock.Socket)            {}
func (r *relay) Closed(_ *sock.Socket, err error) { r.ended <- err }

// A socket is watched again on another loop after each byte: by the callback itself, by a
// goroutine, and in two steps. Each byte causes one handler's call, although most arrived before
// the watch began.
func TestWatchAgainOnAnotherLoop(t *testing.T) {
	for name, give := range map[string]func(t *testing.T, watch func() error){
		"in the callback": func(t *testing.T, watch func() error) { socktest.Must(t, watch()) },
		"by a goroutine":  func(t *testing.T, watch func() error) { go func() { socktest.Must(t, watch()) }() },
	} {
		t.Run(name, func(t *testing.T) {
			socktest.Each(t, socktest.Streams, func(t *testing.T, k socktest.Kind) {
				r, err := loop.NewReactor(&loop.Config{Loops: 2})
				socktest.Must(t, err)
				defer r.Close()
				a, b := k.Pair(t)
				got, ended := make(chan string, 100), make(chan error, 2)
				x := &relay{t: t, home: r.Loops()[0], give: func(watch func() error) { give(t, watch) }, got: got, ended: ended}
				y := &relay{t: t, home: r.Loops()[1], give: x.give, got: got, ended: ended, other: x}
				x.other = y
				sent := pattern(60)
				_, err = b.Sendall(sent[:50], 0)
				socktest.Must(t, err)
				socktest.Must(t, a.Watch(x.home, x))
				take := func(part []byte) {
					t.Helper()
					for i := range part {
						var p string
						socktest.Must(t, socktest.Start(func() error { p = <-got; return nil }).Wait(t))
						if p != string(part[i:i+1]) {
							t.Fatalf("byte %d is %q, want %q", i, p, part[i])
						}
					}
				}
				take(sent[:50])
				_, err = b.Sendall(sent[50:], 0)
				socktest.Must(t, err)
				take(sent[50:])
				socktest.Must(t, b.Close())
				if err := socktest.Start(func() error { return <-ended }).Wait(t); !errors.Is(err, net.ErrClosed) {
					t.Errorf("Closed(%v)", err)
				}
				if len(ended) != 0 {
					t.Error("Closed was called of two handlers")
				}
			})
		})
	}
}

// Between two watches the socket can do anything: it joins another loop, a task waits for it there,
// and at last it is detached.
func TestUnwatchedIsFree(t *testing.T) {
	socktest.Check(t)
	r, err := loop.NewReactor(&loop.Config{Loops: 2})
	socktest.Must(t, err)
	defer r.Close()
	a, b := socktest.TCP.Pair(t)
	for _, l := range append(r.Loops(), r.Loops()...) {
		h := newHandler()
		h.readable = func(s *sock.Socket) {
			if p, err := s.Recv(10, 0); err == nil {
				s.Sendall(p, 0)
			}
		}
		socktest.Must(t, a.Watch(l, h))
		_, err := b.Send(hello, 0)
		socktest.Must(t, err)
		socktest.Must(t, wantBytes("hello")(b.Recv(10, 0)))
		if a.Unwatch() != sock.Handler(h) {
			t.Fatal("another handler")
		}
		if a.Timeout() != 0 {
			t.Errorf("the timeout is %v, want 0 until it is set", a.Timeout())
		}
		socktest.Must(t, a.SetTimeout(sock.Forever))
		socktest.Must(t, a.Join(r.Next()))
		task := l.Go(func(task *loop.Task) {
			if err := wantBytes("hello")(a.In(task).Recv(10, 0)); err != nil {
				t.Error(err)
			}
		})
		_, err = b.Send(hello, 0)
		socktest.Must(t, err)
		socktest.Must(t, socktest.Start(func() error { return task.Wait(t.Context()) }).Wait(t))
	}
	s, err := sock.Adopt(a.Detach(), -1, -1, -1)
	socktest.Must(t, err)
	defer s.Close()
	echo(t, s, b)
}

// Watch, Unwatch and Handler run at once, from several goroutines and the handler's own calls.
// Handler returns whole values, and the socket's finalizer is set once.
func TestWatchUnwatchAtOnce(t *testing.T) {
	socktest.Check(t)
	a, b := socktest.LocalStream.Pair(t)
	h := newHandler()
	h.readable = func(s *sock.Socket) {
		s.Recv(1, 0)
		s.Unwatch()
	}
	_, err := b.Sendall(pattern(2000), 0)
	socktest.Must(t, err)
	var users sync.WaitGroup
	for range 2 {
		users.Go(func() {
			for range 500 {
				if err := a.Watch(nil, h); err != nil && !errors.Is(err, loop.ErrWatched) {
					t.Error(err)
				}
			}
		})
		users.Go(func() {
			for range 500 {
				a.Unwatch()
			}
		})
		users.Go(func() {
			for range 500 {
				if got := a.Handler(); got != nil && got != sock.Handler(h) {
					t.Errorf("Handler() = %v", got)
				}
			}
		})
	}
	socktest.Must(t, socktest.Start(func() error { users.Wait(); return nil }).Wait(t))
	a.Unwatch()
	if a.Handler() != nil {
		t.Error("it has a handler")
	}
}

// A Watch that fails leaves the other calls on the socket alone: a call that may wait does not get
// ErrWouldBlock meanwhile.
func TestWatchThatFailsChangesNothing(t *testing.T) {
	socktest.Check(t)
	r, err := loop.NewReactor(&loop.Config{Loops: 1})
	socktest.Must(t, err)
	defer r.Close()
	a, b := socktest.TCP.Pair(t)
	waiting := a.Async().Recv(1, 0) // on a loop of the default reactor; a future waits during its attempts too
	others := socktest.Start(func() error {
		for range 3000 {
			ctx, cancel := context.WithTimeout(t.Context(), 20*time.Microsecond)
			_, err := a.With(ctx).Recv(1, 0)
			if cancel(); !errors.Is(err, context.DeadlineExceeded) {
				return err
			}
		}
		return nil
	})
	for ; !others.Done(); runtime.Gosched() {
		if err := a.Watch(r.Next(), newHandler()); !errors.Is(err, loop.ErrOtherLoop) {
			t.Fatalf("Watch: %v, want loop.ErrOtherLoop", err)
		}
	}
	if err := others.Wait(t); err != nil {
		t.Errorf("a receive that may wait: %v", err)
	}
	_, err = b.Send([]byte("x"), 0)
	socktest.Must(t, err)
	socktest.Must(t, socktest.Start(func() error { _, err := waiting.Wait(t.Context()); return err }).Wait(t))
}
