package sock_test

import (
	"errors"
	"net"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/polluxio/pollux/loop"
	"github.com/polluxio/pollux/sock"
	"github.com/polluxio/pollux/sock/socktest"
)

// handler passes its calls on to a test.
type handler struct {
	readable func(*sock.Socket)
	writable func(*sock.Socket)
	closed   chan error // of capacity 1
	calls    atomic.Int32
}

func newHandler() *handler { return &handler{closed: make(chan error, 1)} }

func (h *handler) Readable(s *sock.Socket) {
	h.calls.Add(1)
	if h.readable != nil {
		h.readable(s)
	}
}

func (h *handler) Writable(s *sock.Socket) {
	if h.writable != nil {
		h.writable(s)
	}
}

func (h *handler) Closed(_ *sock.Socket, err error) { h.closed <- err }

// end returns the error that Closed got.
func (h *handler) end(t *testing.T) error {
	t.Helper()
	return socktest.Start(func() error { return <-h.closed }).Wait(t)
}

func TestWatch(t *testing.T) {
	for _, k := range socktest.Kinds {
		t.Run(k.Name, func(t *testing.T) {
			socktest.Check(t)
			a, b := k.Pair(t)
			h := newHandler()
			h.readable = func(s *sock.Socket) {
				for {
					p, err := s.Recv(100, 0)
					if errors.Is(err, sock.ErrWouldBlock) {
						return
					}
					if err != nil || len(p) == 0 {
						s.Close()
						return
					}
					if _, err := s.Sendall(p, 0); err != nil {
						t.Error(err)
					}
				}
			}
			_, err := b.Send([]byte("early"), 0) // arrives before the watch
			socktest.Must(t, err)
			socktest.Must(t, a.Watch(nil, h))
			if a.Timeout() != 0 {
				t.Errorf("watched, its timeout is %v", a.Timeout())
			}
			socktest.Must(t, wantBytes("early")(b.Recv(100, 0)))
			for range 10 {
				_, err := b.Send(hello, 0)
				socktest.Must(t, err)
				socktest.Must(t, wantBytes("hello")(b.Recv(100, 0)))
			}
			a.Close()
			if err := h.end(t); !errors.Is(err, net.ErrClosed) {
				t.Errorf("Closed(%v), want net.ErrClosed", err)
			}
		})
	}
}

// A handler may receive once in each call: Readable is called until everything is received, also
// the end of the stream.
func TestWatchOneReceiveACall(t *testing.T) {
	for _, k := range socktest.Kinds {
		t.Run(k.Name, func(t *testing.T) {
			socktest.Check(t)
			a, b := k.Pair(t)
			const messages = 50 // no more than a UDP socket certainly holds
			got := make(chan string, messages*len(hello)+1)
			h := newHandler()
			h.readable = func(s *sock.Socket) {
				p, err := s.Recv(min(len(hello), 2+3*int(h.calls.Load()%2)), 0)
				if err == nil {
					got <- string(p)
				}
				if err == nil && len(p) == 0 {
					s.Close()
				}
			}
			socktest.Must(t, a.Watch(nil, h))
			for range messages {
				k.SendPatiently(t, b, hello)
			}
			if k.Stream() {
				socktest.Must(t, b.Shutdown(sock.SHUT_WR))
				h.end(t)
				var all strings.Builder
				for len(got) > 0 {
					all.WriteString(<-got)
				}
				if want := strings.Repeat(string(hello), messages); all.String() != want {
					t.Errorf("%d bytes came of %d", len(all.String()), len(want))
				}
				return
			}
			for range messages {
				socktest.Start(func() error { <-got; return nil }).Wait(t)
			}
		})
	}
	t.Run("accept", func(t *testing.T) {
		socktest.Check(t)
		ln, addr := socktest.TCP.Listener(t)
		const connections = 20
		for range connections {
			socktest.Must(t, socktest.TCP.New(t).Connect(addr))
		}
		accepted := make(chan error, connections)
		h := newHandler()
		h.readable = func(ln *sock.Socket) {
			c, _, err := ln.Accept()
			if err == nil {
				err = c.Close()
			}
			accepted <- err
		}
		socktest.Must(t, ln.Watch(nil, h))
		for range connections {
			socktest.Must(t, socktest.Start(func() error { return <-accepted }).Wait(t))
		}
	})
}

// The end of a stream causes one more call of Readable.
func TestWatchEndOfStream(t *testing.T) {
	socktest.Each(t, socktest.Streams, func(t *testing.T, k socktest.Kind) {
		a, b := k.Pair(t)
		h := newHandler()
		h.readable = func(s *sock.Socket) {
			for {
				p, err := s.Recv(100, 0)
				if err != nil {
					return
				}
				if len(p) == 0 {
					s.Close()
				}
			}
		}
		socktest.Must(t, a.Watch(nil, h))
		_, err := b.Send(hello, 0)
		socktest.Must(t, err)
		socktest.Must(t, b.Close())
		h.end(t)
	})
}

// Writable is called after a send that found no room.
func TestWatchWritable(t *testing.T) {
	socktest.Each(t, socktest.Streams, func(t *testing.T, k socktest.Kind) {
		sent := pattern(1 << 20)
		a, b := k.Pair(t)
		h := newHandler()
		rest := sent
		send := func(s *sock.Socket) {
			for len(rest) > 0 {
				n, err := s.Send(rest, 0)
				if errors.Is(err, sock.ErrWouldBlock) {
					return
				}
				if err != nil {
					t.Error(err)
				}
				rest = rest[n:]
			}
			s.Close()
		}
		h.writable = send
		socktest.Must(t, a.Watch(nil, h))
		socktest.Must(t, a.Loop().Post(func() { send(a) }))
		call := socktest.Start(func() error {
			got, err := collect(b, 10000)
			if err == nil && string(got) != string(sent) {
				err = errors.New("what came is not what was sent")
			}
			return err
		})
		socktest.Must(t, call.Wait(t))
		h.end(t)
	})
}

// Writable reports the end of a pending connect, wherever it began and however soon it ends.
func TestWatchConnect(t *testing.T) { // item 54
	l, addr := socktest.TCP.Listener(t)
	for _, test := range []struct {
		name   string
		to     sock.Addr
		onLoop bool
		times  int
	}{
		{"accepted", addr, false, 400}, // the end mostly comes while this goroutine is still in Connect
		{"accepted, begun on the loop", addr, true, 50},
		{"refused", refusing(t), false, 50},
		{"refused, begun on the loop", refusing(t), true, 50},
	} {
		t.Run(test.name, func(t *testing.T) {
			socktest.Check(t)
			for range test.times {
				s := socktest.TCP.New(t)
				h := newHandler()
				result := make(chan error, 10)
				h.writable = func(s *sock.Socket) { result <- s.Connect(test.to) }
				socktest.Must(t, s.Watch(nil, h))
				begin := func() {
					if err := s.Connect(test.to); !errors.Is(err, syscall.EINPROGRESS) {
						result <- err // it may end at once
					}
				}
				if test.onLoop {
					socktest.Must(t, s.Loop().Post(begin))
				} else {
					begin()
				}
				err := socktest.Start(func() error { return <-result }).Wait(t)
				if (err == nil) != (test.to == addr) {
					t.Errorf("the end is %v", err)
				}
				s.Close()
				h.end(t)
				if test.to == addr { // a full backlog would stop the next connect
					c, _, err := l.Accept()
					socktest.Must(t, err)
					c.Close()
				}
			}
		})
	}
}

func TestWatchRefuses(t *testing.T) {
	socktest.Check(t)
	r, err := loop.Default()
	socktest.Must(t, err)
	var arg *sock.ArgError
	s := socktest.UDP.New(t)
	if err := s.Watch(nil, nil); !errors.As(err, &arg) {
		t.Errorf("no handler: %v", err)
	}
	l := r.Loops()[0]
	socktest.Must(t, s.Watch(l, noHandler{}))
	if s.Loop() != l {
		t.Error("it is on another loop")
	}
	if err := s.Watch(l, noHandler{}); !errors.Is(err, loop.ErrWatched) {
		t.Errorf("a second handler: %v, want ErrWatched", err)
	}
	other := reactor(t).Next()
	s = socktest.UDP.New(t)
	socktest.Must(t, s.Join(l))
	f := s.Async().Recv(1, 0)
	if err := s.Watch(other, noHandler{}); !errors.Is(err, loop.ErrOtherLoop) {
		t.Errorf("an operation waits on another loop: %v", err)
	}
	f.Cancel()
	if s.Timeout() != sock.Forever {
		t.Errorf("refused, and its timeout is %v", s.Timeout())
	}
	socktest.Must(t, s.Watch(l, noHandler{}))
}

// Watched returns the watched sockets and no others.
func TestWatched(t *testing.T) {
	socktest.Check(t)
	r, err := loop.NewReactor(&loop.Config{Loops: 1})
	socktest.Must(t, err)
	defer r.Close()
	l := r.Next()
	want := make(map[int]bool)
	for range 3 {
		s := socktest.UDP.New(t)
		defer s.Close()
		socktest.Must(t, s.Watch(l, noHandler{}))
		want[s.Fileno()] = true
	}
	unwatched := socktest.UDP.New(t)
	defer unwatched.Close()
	socktest.Must(t, unwatched.Join(l))
	found := make(chan map[int]bool, 1)
	socktest.Must(t, l.Post(func() {
		fds := make(map[int]bool)
		for s := range sock.Watched(l) {
			fds[s.Fileno()] = true
		}
		found <- fds
	}))
	var got map[int]bool
	call := socktest.Start(func() error { got = <-found; return nil })
	socktest.Must(t, call.Wait(t))
	if len(got) != len(want) {
		t.Errorf("%v are watched, want %v", got, want)
	}
	for fd := range want {
		if !got[fd] {
			t.Errorf("%d is not among %v", fd, got)
		}
	}
}

// At the end of a loop the log names each open socket with its handler and its addresses, so that
// the leak can be found.
func TestLeakOfAWatched(t *testing.T) {
	socktest.Check(t)
	l, err := loop.New(nil)
	socktest.Must(t, err)
	ln, addr := socktest.TCP.Listener(t)
	socktest.Must(t, ln.Watch(l, newHandler()))
	leaks := l.Leaks()
	if len(leaks) != 1 || !strings.Contains(leaks[0].FD, "*sock_test.handler") || !strings.Contains(leaks[0].FD, addr.String()) {
		t.Errorf("%v", leaks)
	}
	socktest.Must(t, ln.Close())
	socktest.Must(t, l.Close())
}
