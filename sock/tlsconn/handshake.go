package tlsconn

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"os"
	"runtime/debug"

	"github.com/polluxio/pollux/loop"
	"github.com/polluxio/pollux/sock"
)

// A handshake is the state of one until it has succeeded.
//
//	nil ──first caller──▶ running ──▶ over (err is final), or nil and made
//
// While it runs, other callers wait for its end, each in its goroutine or task.
type handshake struct {
	running bool
	waiting []*loop.Promise[struct{}]
	err     error
}

// Handshake makes the handshake, unless it was made before. Read and Write make it too. Call
// Handshake for its error, or before ConnectionState. If another goroutine or task is making the
// handshake, Handshake waits for it.
//
// It waits as the view of the socket. It ends with os.ErrDeadlineExceeded after
// Config.HandshakeTimeout, and whenever a wait of the view ends. The errors of TLS are those of
// crypto/tls, and the peer has got the alert for them. After a panic in a function of the
// tls.Config the error is a *loop.PanicError. The socket stays open until Close.
func (c *Conn) Handshake() error {
	if err := c.ok("handshake"); err != nil {
		return err
	}
	if c.made.Load() {
		return nil
	}
	c.mu.Lock()
	for h := c.shaking; h != nil && h.running; h = c.shaking {
		p, err := c.promise()
		if err != nil {
			c.mu.Unlock()
			return c.s.OpError("handshake", sock.Addr{}, err)
		}
		h.waiting = append(h.waiting, p)
		c.mu.Unlock()
		if err := c.await(p.Future()); err != nil {
			return c.s.OpError("handshake", sock.Addr{}, err)
		}
		c.mu.Lock()
	}
	if c.made.Load() || c.shaking != nil {
		defer c.mu.Unlock()
		if c.made.Load() {
			return nil
		}
		return c.shaking.err
	}
	h := &handshake{running: true}
	c.shaking = h
	c.mu.Unlock()
	return c.first(h)
}

// errLeft is the error of a handshake that runtime.Goexit has ended, in a function of the
// tls.Config.
var errLeft = errors.New("a function of the tls.Config has ended its goroutine (runtime.Goexit)")

// first makes the handshake. Those that wait for it get its end also after a panic or
// runtime.Goexit in a function of the tls.Config.
func (c *Conn) first(h *handshake) error {
	err := c.wrap("handshake", errLeft)
	defer func() { c.shaken(h, err) }()
	err = c.wrap("handshake", c.contained())
	return err
}

// shaken ends the handshake with err.
func (c *Conn) shaken(h *handshake, err error) {
	c.mu.Lock()
	h.running, h.err = false, err
	if err == nil {
		c.made.Store(true)
		c.shaking = nil
	}
	c.mu.Unlock()
	for _, p := range h.waiting {
		p.Resolve(struct{}{})
	}
}

// contained makes the handshake, and turns a panic into an error as Read and Write do.
func (c *Conn) contained() (err error) {
	defer func() {
		if v := recover(); v != nil {
			err = &loop.PanicError{Value: v, Stack: debug.Stack()}
		}
	}()
	return c.shake()
}

// promise returns the promise for which a caller waits while another makes the handshake.
func (c *Conn) promise() (*loop.Promise[struct{}], error) {
	if t := c.s.Waiter().Task(); t != nil {
		return loop.NewPromise[struct{}](t.Loop()), nil
	}
	r, err := loop.Default()
	if err != nil {
		return nil, err
	}
	return loop.NewPromise[struct{}](r.Next()), nil
}

func (c *Conn) await(f loop.Future[struct{}]) (err error) {
	if t := c.s.Waiter().Task(); t != nil {
		_, err = f.Await(t)
		return err
	}
	ctx := c.s.Waiter().Context()
	if ctx == nil {
		ctx = context.Background()
	}
	_, err = f.Wait(ctx)
	return err
}

// shake makes the handshake, and the record layer that follows it.
func (c *Conn) shake() error {
	view := c.s
	if limit := c.cfg.handshakeTimeout(); limit > 0 {
		parent := view.Waiter().Context()
		if parent == nil {
			parent = context.Background()
		}
		ctx, cancel := context.WithTimeoutCause(parent, limit, errHandshakeTimeout)
		defer cancel()
		view = view.With(ctx)
	}
	var unprepared error
	if c.cfg.Layer == Kernel {
		unprepared = prepareKernel(c.base)
	}
	t := &transport{s: view, sysfd: c.s.Fileno(), waits: true}
	if t.sysfd < 0 {
		return net.ErrClosed
	}
	if c.cfg.Layer != Standard {
		t.flight.notes = new(secrets)
		defer t.flight.notes.wipe()
	}
	tc := c.engine(t)
	if err := tc.Handshake(); err == io.EOF {
		return io.ErrUnexpectedEOF
	} else if err != nil {
		return err
	}
	t.s, t.waits = c.base, false
	return c.choose(t, tc, unprepared)
}

// errHandshakeTimeout is os.ErrDeadlineExceeded with its reason.
var errHandshakeTimeout error = handshakeTimeout{}

type handshakeTimeout struct{}

func (handshakeTimeout) Error() string   { return "TLS handshake timeout" }
func (handshakeTimeout) Timeout() bool   { return true }
func (handshakeTimeout) Temporary() bool { return true }
func (handshakeTimeout) Unwrap() error   { return os.ErrDeadlineExceeded }

var _ net.Error = handshakeTimeout{}

// engine is the crypto/tls connection that makes the handshake over t.
func (c *Conn) engine(t *transport) *tls.Conn {
	cfg := c.cfg.prepared.config(c.cfg)
	if c.client {
		if t.flight.notes != nil {
			cfg = noted(cfg, t.flight.notes)
		}
		return tls.Client(t, cfg)
	}
	return tls.Server(t, cfg)
}

// choose sets the record layer. unprepared is the reason why the socket is not ready for the
// kernel's layer, or nil. An error ends the connection.
func (c *Conn) choose(t *transport, tc *tls.Conn, unprepared error) error {
	var stayed error
	switch c.cfg.Layer {
	case Compact:
		c.layer, stayed = newCompact(t, tc, c.client)
	case Kernel:
		if stayed = unprepared; stayed == nil {
			var broken bool
			if c.layer, broken, stayed = newKernel(c.base, t, tc, c.client); broken {
				return stayed
			}
		}
	}
	t.flight.notes = nil
	if c.layer == nil || stayed != nil {
		c.layer = &standard{tc: tc, t: t, why: stayed}
	}
	return nil
}

// wrap puts a *net.OpError around an error of TLS. Errors of the socket have one already.
func (c *Conn) wrap(op string, err error) error {
	if err == nil || errors.As(err, new(*net.OpError)) {
		return err
	}
	return c.s.OpError(op, sock.Addr{}, err)
}
