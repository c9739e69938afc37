package tlsconn_test

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"testing"
	"time"

	"github.com/polluxio/pollux/loop"
	"github.com/polluxio/pollux/sock"
	"github.com/polluxio/pollux/sock/socktest"
	"github.com/polluxio/pollux/sock/tlsconn"
)

// echoes are the ways to serve an echo: those of modes, and callbacks.
var echoes = []struct {
	name  string
	serve func(t testing.TB, c *tlsconn.Conn) *socktest.Call
}{
	{modes[0].name, func(t testing.TB, c *tlsconn.Conn) *socktest.Call { return modes[0].run(t, c, echo) }},
	{modes[1].name, func(t testing.TB, c *tlsconn.Conn) *socktest.Call { return modes[1].run(t, c, echo) }},
	{"callback", func(t testing.TB, c *tlsconn.Conn) *socktest.Call {
		h := &echoHandler{l: newLoop(t), ended: make(chan error, 1)}
		socktest.Must(t, c.Watch(h.l, h))
		return socktest.Start(func() error { return <-h.ended })
	}},
}

// echoHandler is echo in callbacks. It reads nothing while an answer is left to be sent.
type echoHandler struct {
	l      *loop.Loop
	unsent []byte
	ended  chan error // nil once it has ended its direction; or the error of Closed
}

func (h *echoHandler) Handshaked(c *tlsconn.Conn) {
	if !c.ConnectionState().HandshakeComplete {
		h.end(errors.New("Handshaked before the end of the handshake"))
	}
}

func (h *echoHandler) Readable(c *tlsconn.Conn) {
	for h.unsent == nil {
		p := h.l.Buffer()
		n, err := c.Read(p)
		switch {
		case err == sock.ErrWouldBlock:
			return
		case err == io.EOF:
			h.end(c.CloseWrite())
			return
		case err != nil:
			return // Closed has it too
		}
		sent, err := c.Write(p[:n])
		if err == sock.ErrWouldBlock {
			h.unsent = append([]byte(nil), p[sent:n]...)
		}
	}
}

func (h *echoHandler) Writable(c *tlsconn.Conn) {
	sent, err := c.Write(h.unsent)
	if err == sock.ErrWouldBlock {
		h.unsent = h.unsent[sent:]
		return
	}
	h.unsent = nil
	h.Readable(c)
}

func (h *echoHandler) Closed(_ *tlsconn.Conn, err error) { h.end(err) }

// end reports the end, the first time. Readable may be called again after the end of the peer, and
// nothing receives a second report: the loop would wait for ever.
func (h *echoHandler) end(err error) {
	select {
	case h.ended <- err:
	default:
	}
}

// A recorder is a handler whose methods are given by the test; what is nil does nothing.
type recorder struct {
	handshaked, readable, writable func(c *tlsconn.Conn)
	closed                         chan error
}

func newRecorder() *recorder { return &recorder{closed: make(chan error, 1)} }

func call(fn func(*tlsconn.Conn), c *tlsconn.Conn) {
	if fn != nil {
		fn(c)
	}
}
func (r *recorder) Handshaked(c *tlsconn.Conn)           { call(r.handshaked, c) }
func (r *recorder) Readable(c *tlsconn.Conn)             { call(r.readable, c) }
func (r *recorder) Writable(c *tlsconn.Conn)             { call(r.writable, c) }
func (r *recorder) Closed(_ *tlsconn.Conn, reason error) { r.closed <- reason }

// end waits for Closed.
func (r *recorder) end(t testing.TB) error {
	t.Helper()
	return socktest.Start(func() error { return <-r.closed }).Wait(t)
}

// What the peer sends in place of a handshake ends it with an error that says so.
func TestBadHandshake(t *testing.T) {
	for _, tt := range []struct {
		name  string
		never bool // the handshake ends by its timeout
		peer  func(c *net.TCPConn) error
		want  func(err error) bool
	}{
		{"garbage", false, func(c *net.TCPConn) error { _, err := c.Write([]byte("GET / HTTP/1.0\r\n\r\n")); return err },
			func(err error) bool { return errors.As(err, new(tls.RecordHeaderError)) }},
		{"an end", false, func(c *net.TCPConn) error { return c.CloseWrite() },
			func(err error) bool { return errors.Is(err, io.ErrUnexpectedEOF) }},
		{"an end within a record", false, func(c *net.TCPConn) error {
			_, err := c.Write([]byte{22, 3, 1, 1, 0, 1})
			return errors.Join(err, c.CloseWrite())
		}, func(err error) bool { return errors.Is(err, io.ErrUnexpectedEOF) }},
		{"an oversized record", false, func(c *net.TCPConn) error { _, err := c.Write([]byte{22, 3, 1, 0xff, 0xff}); return err },
			func(err error) bool { return errors.As(err, new(tls.RecordHeaderError)) }},
		{"nothing", true, func(*net.TCPConn) error { return nil }, timedOut},
		{"a byte at a time, and never the last", true, func(c *net.TCPConn) error {
			go func() {
				for _, b := range append([]byte{22, 3, 1, 1, 0, 1, 0, 0, 0xfc}, make([]byte, 100)...) {
					if _, err := c.Write([]byte{b}); err != nil {
						return
					}
					time.Sleep(5 * time.Millisecond)
				}
			}()
			return nil
		}, timedOut},
	} {
		for _, side := range sides {
			for _, m := range echoes {
				t.Run(tt.name+"/"+side.name+"/"+m.name, func(t *testing.T) {
					socktest.Check(t)
					s, peer := wire(t)
					cfg := &tlsconn.Config{TLS: serverTLS(), HandshakeTimeout: socktest.Patience}
					if tt.never {
						cfg.HandshakeTimeout = 200 * time.Millisecond
					}
					begin := tlsconn.Server
					if side.client {
						cfg.TLS, begin = clientTLS(), tlsconn.Client
					}
					conn, err := begin(s, cfg)
					socktest.Must(t, err)
					served := m.serve(t, conn)
					socktest.Must(t, tt.peer(peer))
					err = served.Wait(t)
					var op *net.OpError
					if !errors.As(err, &op) || !tt.want(err) {
						t.Errorf("%v (%T)", err, err)
					}
					conn.Close()
					if s.Fileno() != -1 {
						t.Error("the socket is open")
					}
				})
			}
		}
	}
}

func timedOut(err error) bool {
	var ne net.Error
	return errors.Is(err, os.ErrDeadlineExceeded) && errors.As(err, &ne) && ne.Timeout()
}

// Close during the handshake ends it, on the loop and on a goroutine of its own.
func TestCloseInHandshake(t *testing.T) {
	for _, offLoop := range []bool{false, true} {
		t.Run(fmt.Sprintf("off the loop %t", offLoop), func(t *testing.T) {
			socktest.Check(t)
			s, _ := wire(t)
			conn, err := tlsconn.Server(s, &tlsconn.Config{TLS: serverTLS(), OffLoop: offLoop})
			socktest.Must(t, err)
			h := newRecorder()
			socktest.Must(t, conn.Watch(newLoop(t), h))
			socktest.AwaitWaiting(t, s)
			socktest.Must(t, conn.Close())
			if err := h.end(t); !errors.Is(err, net.ErrClosed) {
				t.Errorf("%v, want net.ErrClosed", err)
			}
		})
	}
}

// Close with more than the socket takes: what was written and close_notify still go.
func TestCloseSendsWhatIsLeft(t *testing.T) {
	for _, layer := range layers {
		t.Run(layer.String(), func(t *testing.T) {
			need(t, layer)
			socktest.Check(t)
			s, peer := wire(t)
			conn, other := sides[0].ends(t, s, peer, layer, nil)
			h := newRecorder()
			sent := make(chan int, 1)
			h.handshaked = func(c *tlsconn.Conn) {
				total := 0
				for {
					n, err := c.Write(make([]byte, 100<<10))
					total += n
					if err != nil {
						if err != sock.ErrWouldBlock {
							t.Error(err)
						}
						break
					}
				}
				if err := c.Close(); err != nil {
					t.Errorf("Close: %v", err)
				}
				if _, err := c.Write([]byte("more")); !errors.Is(err, net.ErrClosed) {
					t.Errorf("Write after Close: %v", err)
				}
				sent <- total
			}
			socktest.Must(t, conn.Watch(newLoop(t), h))
			socktest.Must(t, other.Handshake())
			n := <-sent // from here on the peer reads
			got, err := io.ReadAll(other)
			if err != nil || len(got) != n {
				t.Errorf("%d bytes of %d: %v", len(got), n, err)
			}
			if err := h.end(t); !errors.Is(err, net.ErrClosed) {
				t.Errorf("Closed with %v", err)
			}
			checkLayer(t, conn, layer)
		})
	}
}

// A panic in any method ends the connection, and no other.
func TestPanics(t *testing.T) {
	for _, where := range []string{"Handshaked", "Readable"} {
		t.Run(where, func(t *testing.T) {
			socktest.Check(t)
			s, peer := wire(t)
			conn, other := sides[0].ends(t, s, peer, tlsconn.Standard, nil)
			h := newRecorder()
			fault := func(*tlsconn.Conn) { panic("on purpose") }
			if where == "Handshaked" {
				h.handshaked = fault
			} else {
				h.readable = fault
			}
			socktest.Must(t, conn.Watch(newLoop(t), h))
			other.Write([]byte("text"))
			var panicked *loop.PanicError
			if err := h.end(t); !errors.As(err, &panicked) {
				t.Errorf("Closed with %v, want a PanicError", err)
			}
		})
	}
}

// A watched connection can be used by a goroutine again.
func TestUnwatch(t *testing.T) {
	socktest.Check(t)
	s, peer := wire(t)
	conn, other := sides[0].ends(t, s, peer, tlsconn.Standard, nil)
	h := newRecorder()
	unwatched := make(chan tlsconn.Handler, 1)
	h.handshaked = func(c *tlsconn.Conn) { unwatched <- c.Unwatch() }
	if conn.Unwatch() != nil {
		t.Error("a handler before Watch")
	}
	l := newLoop(t)
	socktest.Must(t, conn.Watch(l, h))
	if err := conn.Watch(l, h); !errors.Is(err, loop.ErrWatched) {
		t.Errorf("a second Watch: %v", err)
	}
	socktest.Must(t, other.Handshake())
	if got := <-unwatched; got != h {
		t.Errorf("Unwatch: %v", got)
	}
	socktest.Must(t, s.SetTimeout(socktest.Patience))
	served := socktest.Start(func() error { return echo(conn) })
	talk(t, other)
	socktest.Must(t, served.Wait(t))
	socktest.Must(t, conn.Close())
}

func TestWatchRefuses(t *testing.T) {
	socktest.Check(t)
	s, _ := wire(t)
	conn, err := tlsconn.Server(s, &tlsconn.Config{TLS: serverTLS()})
	socktest.Must(t, err)
	if err := conn.Watch(nil, nil); !errors.As(err, new(*sock.ArgError)) {
		t.Errorf("no handler: %v", err)
	}
	l, err := loop.New(nil)
	socktest.Must(t, err)
	socktest.Must(t, l.Close())
	if err := conn.Watch(l, newRecorder()); !errors.Is(err, net.ErrClosed) {
		t.Errorf("a closed loop: %v", err)
	}
}

// The end of the loop ends its connections, in the handshake and after it.
func TestEndOfLoop(t *testing.T) {
	for _, after := range []bool{false, true} {
		s, peer := wire(t)
		conn, other := sides[0].ends(t, s, peer, tlsconn.Standard, nil)
		r, err := loop.NewReactor(&loop.Config{Loops: 1, Logger: quiet})
		socktest.Must(t, err)
		h := newRecorder()
		done := make(chan struct{})
		h.handshaked = func(*tlsconn.Conn) { close(done) }
		socktest.Must(t, conn.Watch(r.Next(), h))
		if after {
			socktest.Must(t, other.Handshake())
			<-done
		} else {
			socktest.AwaitWaiting(t, s)
		}
		socktest.Must(t, r.Close())
		if err := h.end(t); !errors.Is(err, net.ErrClosed) {
			t.Errorf("after the handshake %v: %v", after, err)
		}
	}
}

// With OffLoop the handshake is made on a goroutine, and the rest on the loop as ever.
func TestOffLoop(t *testing.T) {
	socktest.Check(t)
	s, peer := wire(t)
	_, other := sides[0].ends(t, s, peer, tlsconn.Standard, nil)
	conn, err := tlsconn.Server(s, &tlsconn.Config{TLS: serverTLS(), OffLoop: true, Layer: tlsconn.Compact})
	socktest.Must(t, err)
	served := echoes[2].serve(t, conn)
	talk(t, other)
	socktest.Must(t, served.Wait(t))
	socktest.Must(t, conn.Close())
}

// A client that is watched, in a task of which nothing is left.
func TestWatchedClient(t *testing.T) {
	socktest.Check(t)
	s, peer := wire(t)
	conn, other := sides[1].ends(t, s, peer, tlsconn.Standard, nil)
	l := newLoop(t)
	h := newRecorder()
	got := make(chan string, 1)
	h.handshaked = func(c *tlsconn.Conn) { c.Write([]byte("hello")) }
	h.readable = func(c *tlsconn.Conn) {
		p := make([]byte, 100)
		n, err := c.Read(p)
		if err == nil {
			got <- string(p[:n])
			c.Close()
		}
	}
	socktest.Must(t, l.Go(func(task *loop.Task) { conn.In(task).Watch(l, h) }).Wait(context.Background()))
	p := make([]byte, 5)
	if _, err := io.ReadFull(other, p); err != nil || string(p) != "hello" {
		t.Fatalf("%q, %v", p, err)
	}
	other.Write([]byte("world"))
	if text := <-got; text != "world" {
		t.Errorf("%q", text)
	}
	if err := h.end(t); !errors.Is(err, net.ErrClosed) {
		t.Error(err)
	}
	if _, err := other.Read(p); err != io.EOF {
		t.Errorf("the peer: %v, want io.EOF by close_notify", err)
	}
}
