package protocol

import (
	"context"
	"errors"
	"fmt"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/polluxio/pollux/loop"
	"github.com/polluxio/pollux/sock"
)

// A Client makes connections, and serves each of them by a Protocol, as a Server does. It ignores
// the fields of Config that are about accepting.
type Client struct {
	*hub

	dmu      sync.Mutex
	dialings map[*dialing]context.CancelCauseFunc // dmu; nil after Close
}

// NewClient makes a client without connections.
//
// Errors: an *OptionError; those of loop.NewReactor.
func NewClient(cfg *Config) (*Client, error) {
	hb, err := newHub(cfg)
	if err != nil {
		return nil, err
	}
	return &Client{hub: hb, dialings: make(map[*dialing]context.CancelCauseFunc)}, nil
}

// A dialing is a connection that a client makes, until Made has been called.
type dialing struct {
	client  *Client
	ctx     context.Context
	promise *loop.Promise[*Transport]
	stop    func() bool // loop only; of the function that ends the handshake with ctx
	decided atomic.Bool // Made is to be called, or ctx has ended before
}

// DialTimeout is the longest time that Dial tries if its context has no earlier end.
const DialTimeout = 30 * time.Second

// Dial connects to port on host, on the loop with the fewest connections. p serves the connection;
// if p is nil, the result of Config.New does. Dial does not wait. It looks the host up and tries
// its addresses by Happy Eyeballs (RFC 8305), and blocks no loop. The future is settled after Made.
// Data may run before a Wait for the future returns.
//
// The dial ends with ctx, by Cancel of the future, or after DialTimeout, also during the handshake
// of Config.Secure. Then nothing is left, and p gets no call.
//
// Errors of the future: the cause of ctx; those of sock.CreateConnection, with a *net.DNSError in
// place of the *sock.GaiError; net.ErrClosed after Close; an *OptionError without a protocol.
func (c *Client) Dial(ctx context.Context, host string, port int, p Protocol) loop.Future[*Transport] {
	return c.dial(ctx, p, func(ctx context.Context, t *loop.Task) (*sock.Socket, error) {
		cfg := &sock.ConnectionConfig{Context: ctx, Task: t, HappyEyeballs: true}
		cfg.NoDelay, cfg.KeepAlive = c.connectionOptions()
		s, err := sock.CreateConnection(host, port, cfg)
		if err != nil {
			return nil, err
		}
		return s.In(nil), nil
	})
}

// DialAddr is Dial for an address of any family with connections. If the address has the name of a
// host, it looks the name up and takes the first address.
func (c *Client) DialAddr(ctx context.Context, a sock.Addr, p Protocol) loop.Future[*Transport] {
	return c.dial(ctx, p, func(ctx context.Context, t *loop.Task) (*sock.Socket, error) {
		s, err := sock.New(familyOf(a), sock.SOCK_STREAM, -1)
		if err != nil {
			return nil, err
		}
		return connectIn(ctx, t, s, a)
	})
}

// Connect is DialAddr with a socket that the caller has made: of another type (SOCK_SEQPACKET),
// bound, or with its own options. The client owns the socket from then on, even if the dial fails.
//
// Errors of the future: those of Dial; an *OptionError for a nil s, and for a socket without
// connections (SOCK_DGRAM, SOCK_RAW), which Server.ServePacket serves.
func (c *Client) Connect(ctx context.Context, s *sock.Socket, a sock.Addr, p Protocol) loop.Future[*Transport] {
	if s == nil {
		return loop.Settled[*Transport](nil, &OptionError{"Connect", nil, "must be a socket"})
	}
	s = s.OrClosed() // the zero Socket
	if err := mustConnect("Connect", s); err != nil {
		s.Close()
		return loop.Settled[*Transport](nil, err)
	}
	var began atomic.Bool
	f := c.dial(ctx, p, func(ctx context.Context, t *loop.Task) (*sock.Socket, error) {
		began.Store(true)
		return connectIn(ctx, t, s, a)
	})
	if f.Settled() && !began.Load() {
		s.Close()
	}
	return f
}

// connectIn connects a socket in a task, and closes it after an error.
func connectIn(ctx context.Context, t *loop.Task, s *sock.Socket, a sock.Addr) (*sock.Socket, error) {
	s.SetTimeout(sock.Forever)
	if err := s.With(ctx).In(t).Connect(a); err != nil {
		s.Close()
		return nil, err
	}
	return s, nil
}

func (c *Client) dial(ctx context.Context, p Protocol, connect func(context.Context, *loop.Task) (*sock.Socket, error)) loop.Future[*Transport] {
	if err := c.made("dial"); err != nil {
		return loop.Settled[*Transport](nil, err)
	}
	if p == nil && c.cfg.New == nil {
		return loop.Settled[*Transport](nil, &OptionError{"New", nil, "must be set, or Dial given a protocol"})
	}
	if ctx == nil {
		ctx = context.Background()
	}
	h := c.least()
	ctx, cancel := context.WithCancelCause(ctx)
	d := &dialing{client: c, ctx: ctx, promise: loop.NewPromise[*Transport](h.loop)}
	d.promise.CancelBy(cancel)
	if _, has := ctx.Deadline(); !has {
		stop := h.loop.After(DialTimeout, func() { cancel(context.DeadlineExceeded) })
		context.AfterFunc(ctx, func() { stop.Stop() })
	}
	if !c.enter(d, cancel) {
		cancel(nil)
		return loop.Settled[*Transport](nil, fmt.Errorf("protocol: dial: %w", errClosed))
	}
	fail := func(err error) {
		c.leave(d)
		d.promise.Reject(err)
		c.finished()
	}
	h.conns.Add(1) // so that many dialings at once spread
	task := h.loop.Go(func(t *loop.Task) {
		h.conns.Add(-1)
		s, err := connect(ctx, t)
		if err == nil && ctx.Err() != nil {
			s.Close()
			err = context.Cause(ctx)
		}
		if err = dialError(err); err != nil {
			fail(d.because(err))
			return
		}
		c.prepare(s)
		made, err := h.welcome(s, p, d, false)
		if err != nil {
			s.Close()
			fail(err)
			return
		}
		// A handshake may come before Made. The loop of made runs this task, so Made comes later.
		d.stop = context.AfterFunc(ctx, func() {
			if d.decided.CompareAndSwap(false, true) {
				made.fail(context.Cause(ctx))
			}
		})
	})
	if task.Done().Settled() && h.loop.Post(func() {}) != nil {
		h.conns.Add(-1)
		fail(errClosed)
	}
	return d.promise.Future()
}

// dialError is err of package sock without the words of Python's functions that it names.
func dialError(err error) error {
	op, ok := err.(*net.OpError)
	if !ok {
		return err
	}
	e := *op
	if e.Op == "create_connection" {
		e.Op = "dial"
	}
	if gai, ok := e.Err.(*sock.GaiError); ok {
		if dns, ok := gai.Err.(*net.DNSError); ok {
			e.Err = dns
		}
	}
	return &e
}

// enter counts a dialing. It returns false after Close.
func (c *Client) enter(d *dialing, cancel context.CancelCauseFunc) bool {
	c.dmu.Lock()
	defer c.dmu.Unlock()
	if c.dialings == nil {
		return false
	}
	c.dialings[d] = cancel
	c.began()
	return true
}

// leave ends the context of a dialing, which has come to a connection or to an error.
func (c *Client) leave(d *dialing) {
	c.dmu.Lock()
	defer c.dmu.Unlock()
	if cancel := c.dialings[d]; cancel != nil {
		cancel(nil)
		delete(c.dialings, d)
	}
}

// because returns err with the reason why the context has ended, if it has.
func (d *dialing) because(err error) error {
	if cause := context.Cause(d.ctx); cause != nil && !errors.Is(err, cause) {
		return fmt.Errorf("%w: %w", cause, err)
	}
	return err
}

// made settles a dialing. mu is not held; loop only.
func (d *dialing) made(t *Transport) {
	d.stop()
	d.client.leave(d)
	d.promise.Resolve(t)
}

// lost settles a dialing whose connection ended before Made. Loop only.
func (d *dialing) lost(err error) {
	err = d.because(err)
	if d.stop != nil {
		d.stop()
	}
	d.client.leave(d)
	d.promise.Reject(err)
}

// Close cuts all connections and ends all dials. It waits until they are over. Lost gets
// ErrShutdown. Close also closes the reactor if the client has made it.
//
// Error: loop.ErrOnLoop in a callback.
func (c *Client) Close() error {
	if err := c.made("close"); err != nil {
		return err
	}
	if err := loop.MayBlock(); err != nil {
		return err
	}
	c.dmu.Lock()
	for _, cancel := range c.dialings {
		cancel(errClosed)
	}
	c.dialings = nil
	c.dmu.Unlock()
	c.cut(nil)
	if c.own {
		return c.reactor.Close()
	}
	return nil
}
