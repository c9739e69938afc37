package tlsconn

import (
	"context"
	"errors"
	"net"
	"os"
	"runtime/debug"

	"github.com/polluxio/pollux/loop"
	"github.com/polluxio/pollux/sock"
)

// A loop calls the Handler of a watched connection. The methods run on the loop and must not wait;
// other calls are allowed. One Handler can serve any number of connections.
type Handler interface {
	// Handshaked is the first call: the handshake is over, and ConnectionState has its result.
	Handshaked(c *Conn)
	// Readable is called when Read may succeed. Read until sock.ErrWouldBlock, or stop early: if
	// the call has read something without reaching ErrWouldBlock, Readable is called again in the
	// next turn.
	Readable(c *Conn)
	// Writable is called when a Write may succeed after one that returned sock.ErrWouldBlock.
	Writable(c *Conn)
	// Closed is the last call and comes once. err is the error of the handshake, of a Read or of a
	// Write that ended the connection. It is net.ErrClosed after Close and at the end of the loop,
	// and a *loop.PanicError after a panic in a method of the handler.
	Closed(c *Conn, err error)
}

// State bits of a watched connection, in core.watch.
const (
	watched  = 1 << iota // it has a handler
	short                // a Write has returned ErrWouldBlock, and Writable was not called since
	closing              // Close was called
	finished             // Closed was called
	notified             // Close has made close_notify: it is sent, or among the unsent bytes
)

// Watch makes h the handler of the connection, on the loop l (nil: a loop of the default reactor).
// If the handshake was not made before, it runs as a task on l. Watch makes the socket
// non-blocking: Read and Write do not wait.
//
// An error of TLS or of the socket, in Read, in Write or in the handshake, closes the connection.
// io.EOF of Read does not: the handler may continue to write, and must call Close at the end. Close
// sends the unsent bytes and close_notify, for at most five seconds, and then closes the socket.
//
// Errors: loop.ErrWatched if the connection has a handler; net.ErrClosed for a closed loop; a
// *sock.ArgError for a nil handler. After an error the handler gets no call.
func (c *Conn) Watch(l *loop.Loop, h Handler) error {
	if err := c.ok("watch"); err != nil {
		return err
	}
	if h == nil {
		return c.s.OpError("watch", sock.Addr{}, &sock.ArgError{Kind: sock.ArgMissing, Arg: "handler", Value: h, Rule: "must not be nil"})
	}
	if l == nil {
		r, err := loop.Default()
		if err != nil {
			return c.s.OpError("watch", sock.Addr{}, err)
		}
		l = r.Next()
	}
	c.mu.Lock()
	if c.watch.Load()&watched != 0 {
		c.mu.Unlock()
		return c.s.OpError("watch", sock.Addr{}, loop.ErrWatched)
	}
	c.handler = h
	c.watch.Store(watched)
	c.mu.Unlock()
	w := &watching{c.core, c.base}
	if c.s == c.base {
		w = (*watching)(c) // saves an allocation
	}
	if end := l.Go(w.open).Done(); end.Settled() {
		if _, err := end.Wait(context.Background()); errors.Is(err, net.ErrClosed) { // the task did not run
			c.watch.Store(0)
			return c.s.OpError("watch", sock.Addr{}, err)
		}
	}
	return nil
}

// watching is the type of a Conn as the handler of its socket.
type watching Conn

var _ sock.Handler = (*watching)(nil)

func (w *watching) conn() *Conn { return (*Conn)(w) }

// open makes the handshake, in a task, and begins to watch.
func (w *watching) open(t *loop.Task) {
	if w.base.Timeout() == 0 {
		w.base.SetTimeout(sock.Forever) // the handshake waits
	}
	shaken := false
	defer func() {
		if !shaken { // runtime.Goexit in a function of the tls.Config
			w.base.Close()
			w.Closed(w.base, errLeft)
		}
	}()
	err := w.shake(t)
	shaken = true
	if err == nil {
		err = w.watchBase(t.Loop())
	}
	if err != nil {
		w.base.Close()
		w.Closed(w.base, err)
		return
	}
	returned := false
	defer func() {
		if !returned { // as after a panic in its other methods
			v := recover()
			w.conn().fail(&loop.PanicError{Value: v, Stack: debug.Stack()})
			panic(v)
		}
	}()
	w.handler.Handshaked(w.conn())
	returned = true
}

// shake makes the handshake: in the task t, or on a goroutine that t waits for.
func (w *watching) shake(t *loop.Task) error {
	if !w.cfg.OffLoop {
		return w.conn().In(t).Handshake()
	}
	if err := w.base.Join(t.Loop()); err != nil {
		return err
	}
	return t.DoWith(context.Background(), func(ctx context.Context) error { return w.conn().With(ctx).Handshake() })
}

func (w *watching) Readable(*sock.Socket) {
	if w.watch.Load()&closing == 0 {
		w.handler.Readable(w.conn())
	}
}

func (w *watching) Writable(*sock.Socket) {
	c := w.conn()
	c.flush()
	if c.layer.pending() {
		return
	}
	switch state := c.watch.Load(); {
	case state&notified != 0:
		c.base.Close()
	case state&closing != 0: // close_notify comes first, and then Close goes on
	case state&short != 0:
		c.watch.And(^uint32(short))
		w.handler.Writable(c)
	}
}

func (w *watching) Closed(_ *sock.Socket, err error) {
	w.mu.Lock()
	if e := w.ending; e != nil {
		if e.reason != nil {
			err = e.reason
		}
		if e.timer != nil {
			e.timer.Stop()
		}
	}
	w.mu.Unlock()
	if w.watch.Or(finished)&finished == 0 {
		w.handler.Closed(w.conn(), err)
	}
}

// Unwatch removes the handler and returns it. It returns nil if there is no handler, or if the
// handshake is not over. The connection can then be used in every other way. Its socket stays
// non-blocking until SetTimeout. The next Write sends the bytes that are still unsent.
func (c *Conn) Unwatch() Handler {
	if c.core == nil || !c.made.Load() || c.base.Unwatch() == nil {
		return nil
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	h := c.handler
	c.handler = nil
	c.watch.Store(0)
	return h
}

// isWatched reports whether the connection has a handler. Then its calls do not wait.
func (c *core) isWatched() bool { return c.watch.Load()&watched != 0 }

// flush sends the bytes of Write that are still unsent. An error closes a watched connection.
func (c *Conn) flush() error {
	_, err := c.write(nil, false)
	return err
}

// fail closes a watched connection because of err, a fatal error.
func (c *core) fail(err error) {
	if !c.isWatched() || errors.Is(err, sock.ErrWouldBlock) || errors.Is(err, os.ErrDeadlineExceeded) {
		return // after a deadline of the socket, which can be moved, the connection goes on
	}
	c.mu.Lock()
	if e := c.end(); e.reason == nil && !errors.Is(err, net.ErrClosed) {
		e.reason = err
	}
	c.mu.Unlock()
	c.base.Close()
}

// linger closes a watched connection when the socket has taken the unsent bytes, or after
// closeTimeout.
func (c *Conn) linger() error {
	if c.watch.Or(closing)&closing != 0 {
		return c.s.OpError("close", sock.Addr{}, net.ErrClosed)
	}
	err := c.CloseWrite()
	c.watch.Or(notified) // only now may the loop close the socket when nothing is unsent
	if l := c.base.Loop(); err == nil && l != nil && c.layer.pending() {
		c.mu.Lock()
		c.end().timer = l.After(closeTimeout, func() { c.base.Close() })
		c.mu.Unlock()
		if c.layer.pending() {
			return nil // the loop will call Writable
		}
	}
	if failed := c.base.Close(); failed != nil {
		return failed
	}
	return err
}
