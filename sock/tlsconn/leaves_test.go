package tlsconn

import (
	"crypto/tls"
	"errors"
	"io"
	"log/slog"
	"runtime"
	"testing"
	"time"

	"github.com/polluxio/pollux"
	"github.com/polluxio/pollux/internal/selfsigned"
	"github.com/polluxio/pollux/loop"
	"github.com/polluxio/pollux/sock"
	"github.com/polluxio/pollux/sock/socktest"
)

// An endHandler is a Handler that waits for the end.
type endHandler struct {
	up   chan struct{}
	over chan error
}

func (h *endHandler) Handshaked(*Conn)          { h.up <- struct{}{} }
func (h *endHandler) Readable(*Conn)            {}
func (h *endHandler) Writable(*Conn)            {}
func (h *endHandler) Closed(_ *Conn, err error) { h.over <- err }

// A watchEnd is the same for WatchReady.
type watchEnd struct{ *endHandler }

func (w watchEnd) Ready(pollux.Ready) {
	select {
	case w.up <- struct{}{}:
	default: // only the first
	}
}
func (w watchEnd) Closed(err error) { w.over <- err }

// within receives from ch.
func within[T any](t *testing.T, what string, ch <-chan T) (v T) {
	t.Helper()
	select {
	case v = <-ch:
	case <-time.After(20 * time.Second):
		t.Fatalf("%s does not come", what)
	}
	return v
}

// leaving are the ways in which a function of the tls.Config does not return, and the errors of the
// handshake.
var leaving = map[string]struct {
	leave func()
	is    func(error) bool
}{
	"panic":  {func() { panic("of the program") }, func(err error) bool { return errors.As(err, new(*loop.PanicError)) }},
	"Goexit": {runtime.Goexit, func(err error) bool { return err != nil }},
}

// leavingServer returns a connection whose certificate function does not return, and its peer.
func leavingServer(t *testing.T, offLoop bool, enter chan<- struct{}, leave func()) (c *Conn, peer *sock.Socket) {
	t.Helper()
	a, b := socktest.TCP.Pair(t)
	cfg := &Config{OffLoop: offLoop, TLS: &tls.Config{GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) {
		if enter != nil {
			enter <- struct{}{}
		}
		leave()
		return nil, nil
	}}}
	c, err := Server(a, cfg)
	socktest.Must(t, err)
	return c, b
}

// hello begins the handshake of a client.
func hello(t *testing.T, s *sock.Socket) *socktest.Call {
	t.Helper()
	c, err := Client(s, &Config{TLS: &tls.Config{InsecureSkipVerify: true}})
	socktest.Must(t, err)
	return socktest.Start(c.Handshake)
}

// A handshake ends for all callers, also if a function of the tls.Config does not return.
func TestHandshakeThatDoesNotReturn(t *testing.T) {
	for name, tt := range leaving {
		t.Run(name, func(t *testing.T) {
			socktest.Check(t)
			enter := make(chan struct{})
			c, peer := leavingServer(t, false, enter, tt.leave)
			client := hello(t, peer)
			first := make(chan struct{})
			go func() {
				defer close(first)
				c.Handshake()
			}()
			socktest.Await(t, "the handshake runs", func() bool {
				c.mu.Lock()
				defer c.mu.Unlock()
				return c.shaking != nil
			})
			other := socktest.Start(c.Handshake)
			socktest.Await(t, "the other one waits", func() bool {
				c.mu.Lock()
				defer c.mu.Unlock()
				return c.shaking == nil || len(c.shaking.waiting) > 0
			})
			<-enter
			within(t, "the end of the first", first)
			if err := other.Wait(t); !tt.is(err) {
				t.Errorf("the other one: %v", err)
			}
			if err := c.Handshake(); !tt.is(err) {
				t.Errorf("a later one: %v", err)
			}
			socktest.Must(t, c.Close())
			if err := client.Wait(t); err == nil {
				t.Error("the client has made a handshake")
			}
		})
	}
}

// The handler of a watched connection gets Closed, also if a function of the tls.Config does not
// return.
func TestWatchedHandshakeThatDoesNotReturn(t *testing.T) {
	for name, tt := range leaving {
		for where, off := range map[string]bool{"on the loop": false, "off the loop": true} {
			t.Run(name+" "+where, func(t *testing.T) {
				socktest.Check(t)
				r, err := loop.NewReactor(&loop.Config{Loops: 1, Logger: slog.New(slog.DiscardHandler)})
				socktest.Must(t, err)
				defer r.Close()
				c, peer := leavingServer(t, off, nil, tt.leave)
				client := hello(t, peer)
				h := &endHandler{make(chan struct{}, 1), make(chan error, 2)}
				socktest.Must(t, c.Watch(r.Next(), h))
				if err := within(t, "Closed", h.over); !tt.is(err) {
					t.Errorf("Closed: %v", err)
				}
				if c.base.Fileno() >= 0 {
					t.Error("the socket stays open")
				}
				if err := client.Wait(t); err == nil {
					t.Error("the client has made a handshake")
				}
			})
		}
	}
}

// A busyLayer makes an event of the socket come while Close makes close_notify.
type busyLayer struct {
	layer
	event func()
}

func (l *busyLayer) close(s *sock.Socket, sysfd int) (loop.Outcome, error) {
	l.event()
	return l.layer.close(s, sysfd)
}

// The loop does not close the socket of a watched connection while Close, on another goroutine, has
// not made close_notify yet.
func TestEventDuringClose(t *testing.T) {
	for name, ready := range map[string]bool{"Watch": false, "WatchReady": true} {
		t.Run(name, func(t *testing.T) {
			socktest.Check(t)
			r, err := loop.NewReactor(&loop.Config{Loops: 1})
			socktest.Must(t, err)
			defer r.Close()
			a, b := socktest.TCP.Pair(t)
			c, err := Server(a, &Config{TLS: &tls.Config{Certificates: []tls.Certificate{selfsigned.Certificate()}}})
			socktest.Must(t, err)
			peer, err := Client(b, &Config{TLS: &tls.Config{InsecureSkipVerify: true}})
			socktest.Must(t, err)
			shaking := socktest.Start(peer.Handshake)
			socktest.Must(t, c.Handshake())
			socktest.Must(t, shaking.Wait(t))
			open := true
			c.layer = &busyLayer{c.layer, func() {
				if ready {
					(*readyWatching)(c).Ready(pollux.Readable)
				} else {
					(*watching)(c).Writable(c.base)
				}
				open = c.base.Fileno() >= 0
			}}
			h := &endHandler{make(chan struct{}, 1), make(chan error, 1)}
			if ready {
				err = c.WatchReady(r.Next(), watchEnd{h})
			} else {
				err = c.Watch(r.Next(), h)
			}
			socktest.Must(t, err)
			within(t, "the first call", h.up)
			socktest.Must(t, c.Close())
			if !open {
				t.Error("the loop has closed the socket before close_notify")
			}
			if _, err := peer.Read(make([]byte, 1)); err != io.EOF {
				t.Errorf("the peer got %v, want io.EOF", err)
			}
			within(t, "Closed", h.over)
			peer.Close()
		})
	}
}

var _ Handler = (*endHandler)(nil)
