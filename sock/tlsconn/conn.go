package tlsconn

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/polluxio/pollux/loop"
	"github.com/polluxio/pollux/sock"
)

// A Conn is a TLS connection. Its methods may be called from any goroutine, and at once: reads are
// served in order, and so are writes. Server and Client make one; the zero Conn is of no use.
//
// It waits as the view of the socket does that it was made of, or that In and With give it, and
// keeps the socket's timeout and deadlines.
type Conn struct {
	*core
	s *sock.Socket // the view
}

// core is what all views of a connection share. It is kept small: see TestIdleMemory.
type core struct {
	base    *sock.Socket  // immutable, as the next two
	cfg     *Config       //
	client  bool          //
	made    atomic.Bool   // the handshake succeeded: layer is set
	watch   atomic.Uint32 // state bits, see Watch
	writing atomic.Int32  // calls of Write that are under way
	layer   layer         // set once, before made
	failed  error         // read lane; what ended reading: io.EOF, or an error
	handler Handler       // set before watched

	mu      sync.Mutex
	shaking *handshake // mu; nil before the handshake, and after it has succeeded
	ending  *ending    // mu; nil in most cases
}

// An ending is what belongs to the end of a watched connection.
type ending struct {
	reason error       // what Closed gets, if it is not net.ErrClosed
	timer  *loop.Timer // of a Close that is not over
}

// end returns the ending. mu is held.
func (c *core) end() *ending {
	if c.ending == nil {
		c.ending = new(ending)
	}
	return c.ending
}

// A layer is the record layer of a connection. read, write and close run within an attempt on a
// lane of the socket, read on the read lane, the others on the write lane, and never wait.
type layer interface {
	// read puts plaintext into p, which is not empty: at least one byte, if err is nil. With
	// another error than loop.ErrAgain there may be some, too, and read is not called again.
	//
	// Errors: loop.ErrAgain; io.EOF after close_notify; io.ErrUnexpectedEOF.
	read(s *sock.Socket, sysfd int, p []byte) (n int, out loop.Outcome, err error)
	// write takes a part of p, of which it reports the length, and sends it. loop.ErrAgain says
	// that something is left, of p or of what was taken: the next write goes on.
	write(s *sock.Socket, sysfd int, p []byte) (n int, out loop.Outcome, err error)
	// close ends the direction with close_notify. Errors: those of write.
	close(s *sock.Socket, sysfd int) (out loop.Outcome, err error)
	// pending says whether something that was taken is left to be sent.
	pending() bool
	state() tls.ConnectionState
}

// Server is the server's side of a TLS connection over s, a connected stream socket. Nothing
// happens on the socket yet. The Conn owns it from now on: it must be used by the Conn alone.
//
// Errors: an *sock.ArgError for a missing socket or Config, or a socket of another type.
func Server(s *sock.Socket, cfg *Config) (*Conn, error) { return newConn(s, cfg, false) }

// Client is the client's side. See Server.
func Client(s *sock.Socket, cfg *Config) (*Conn, error) { return newConn(s, cfg, true) }

func newConn(s *sock.Socket, cfg *Config, client bool) (*Conn, error) {
	if s == nil {
		return nil, &sock.ArgError{Kind: sock.ArgMissing, Arg: "socket", Value: s, Rule: "must not be nil"}
	}
	var err error
	switch {
	case cfg == nil:
		err = &sock.ArgError{Kind: sock.ArgMissing, Arg: "config", Value: cfg, Rule: "must not be nil"}
	case cfg.TLS == nil:
		err = &sock.ArgError{Kind: sock.ArgMissing, Arg: "TLS", Value: cfg.TLS, Rule: "a Config needs a tls.Config"}
	case cfg.Layer > Kernel:
		err = &sock.ArgError{Kind: sock.ArgUnknown, Arg: "Layer", Value: cfg.Layer, Rule: "must be Standard, Compact or Kernel"}
	case s.Type() != sock.SOCK_STREAM:
		err = &sock.ArgError{Kind: sock.ArgType, Arg: "socket", Value: s, Rule: "TLS needs a socket of type SOCK_STREAM"}
	}
	if err != nil {
		return nil, s.OpError("tls", sock.Addr{}, err)
	}
	var none context.Context
	both := &struct {
		conn Conn
		core core
	}{}
	core := &both.core
	core.base, core.cfg, core.client = s, cfg, client
	if s.Waiter() != (loop.Waiter{}) {
		core.base = s.In(nil).With(none)
	}
	both.conn = Conn{core, s}
	return &both.conn, nil
}

// In returns a view of the connection whose calls suspend the task t. See sock.Socket.In.
func (c *Conn) In(t *loop.Task) *Conn { return &Conn{c.core, c.s.In(t)} }

// With returns a view of the connection whose calls end with the cause of ctx. See
// sock.Socket.With.
func (c *Conn) With(ctx context.Context) *Conn { return &Conn{c.core, c.s.With(ctx)} }

// Socket returns the socket, in the view of the connection: for its options, names and deadlines.
//
// With the layer Kernel it can be used in every way, and the Conn be dropped: Send, Recv, Sendfile
// and handlers of the socket then carry plaintext. The program handles records of other types
// itself, see sock.TLSRecordType: a receive that finds one fails with EIO.
func (c *Conn) Socket() *sock.Socket { return c.s }

// ConnectionState is that of crypto/tls, and without one before the end of the handshake. With
// another record layer than Standard it has no TLSUnique, and ExportKeyingMaterial returns an
// error.
func (c *Conn) ConnectionState() tls.ConnectionState {
	if !c.made.Load() {
		return blank()
	}
	return c.layer.state()
}

// Layer returns the record layer that the connection has, and, if it is not the one of its Config,
// the reason. Before the end of the handshake that is Standard.
func (c *Conn) Layer() (Layer, error) {
	if !c.made.Load() {
		return Standard, nil
	}
	switch l := c.layer.(type) {
	case *compact:
		return Compact, nil
	case *kernel:
		return Kernel, nil
	case *standard:
		return Standard, l.why
	}
	return Standard, nil
}

// Read reads plaintext into p, and makes the handshake before if it was not made yet. It reports at
// least one byte, or an error, unless p is empty.
//
// Errors: io.EOF after the peer's close_notify, io.ErrUnexpectedEOF if the stream ended without it;
// those of sock.Socket.Recv; those of TLS. After an error of TLS, and after both of the ends, each
// Read returns it again.
func (c *Conn) Read(p []byte) (int, error) {
	if err := c.Handshake(); err != nil || len(p) == 0 {
		return 0, err
	}
	if c.watch.Load()&closing != 0 {
		return 0, c.s.OpError("read", sock.Addr{}, net.ErrClosed)
	}
	r := readCalls.Get().(*readCall)
	r.c, r.p = c.core, p
	err := c.s.Attempt("read", loop.Read, r.try)
	if err == nil {
		err = r.err
	}
	n := r.n
	r.c, r.p, r.n, r.err = nil, nil, 0, nil
	readCalls.Put(r)
	if c.isWatched() {
		c.afterRead(n, err)
	}
	return n, err
}

// afterRead does for a watched connection what no later call would do. Alerts and answers that a
// Read has made are sent now, so that the loop calls Writable if the socket does not take them.
func (c *Conn) afterRead(n int, err error) {
	if c.layer.pending() {
		c.flush()
	}
	if err != nil && err != io.EOF {
		c.fail(err)
	}
}

// A readCall is one Read under way.
type readCall struct {
	c   *core
	p   []byte
	n   int
	err error
	try func(int) (loop.Outcome, error) // attempt, bound once
}

var readCalls = sync.Pool{New: func() any {
	r := new(readCall)
	r.try = r.attempt
	return r
}}

func (r *readCall) attempt(sysfd int) (loop.Outcome, error) {
	c := r.c
	if c.failed != nil {
		r.err = c.failed
		return loop.Outcome{}, nil
	}
	n, out, err := c.layer.read(c.base, sysfd, r.p)
	r.n = n
	if err == loop.ErrAgain {
		return out, err
	}
	if err != nil {
		c.failed = c.readError(err)
	}
	if n > 0 {
		out.Ops = max(out.Ops, 1) // there may be more plaintext, also if no byte was received for it
		return out, nil
	}
	r.err = c.failed
	return out, nil
}

// readError is err as Read returns it.
func (c *core) readError(err error) error {
	switch {
	case err == io.EOF, err == io.ErrUnexpectedEOF, errors.As(err, new(*net.OpError)):
		return err
	}
	return c.base.OpError("read", sock.Addr{}, err)
}

// Write sends p, and makes the handshake before if it was not made yet.
//
// It waits until the socket has taken all; n is less than len(p) only with an error. A non-blocking
// socket (one that is watched, above all) takes what there is room for: n bytes, and
// sock.ErrWouldBlock if that is not all of p. What was taken is not to be written again, though its
// last record may still be on its way to the socket; an empty Write sends it on.
//
// Errors: those of sock.Socket.Sendall; those of TLS; net.ErrClosed after CloseWrite.
func (c *Conn) Write(p []byte) (int, error) {
	if err := c.Handshake(); err != nil {
		return 0, err
	}
	if c.watch.Load()&closing != 0 {
		return 0, c.s.OpError("write", sock.Addr{}, net.ErrClosed)
	}
	return c.write(p, false)
}

func (c *Conn) write(p []byte, end bool) (int, error) {
	c.writing.Add(1)
	defer c.writing.Add(-1)
	w := writeCalls.Get().(*writeCall)
	w.c, w.p, w.end = c.core, p, end
	err := c.s.Attempt("write", loop.Write, w.try)
	if err == nil {
		err = c.wrap("write", w.err)
	}
	n := w.n
	w.c, w.p, w.n, w.err = nil, nil, 0, nil
	writeCalls.Put(w)
	watching := c.isWatched()
	switch {
	case err == nil:
	case err != sock.ErrWouldBlock:
		c.fail(err)
	case n < len(p):
		if watching {
			c.watch.Or(short)
		}
	case watching || !end:
		err = nil // all was taken, and the loop, or the next Write, sends what is left
	}
	return n, err
}

// A writeCall is one Write under way, or one CloseWrite.
type writeCall struct {
	c   *core
	p   []byte
	n   int
	end bool
	err error
	try func(int) (loop.Outcome, error) // attempt, bound once
}

var writeCalls = sync.Pool{New: func() any {
	w := new(writeCall)
	w.try = w.attempt
	return w
}}

func (w *writeCall) attempt(sysfd int) (out loop.Outcome, err error) {
	if w.end {
		out, err = w.c.layer.close(w.c.base, sysfd)
	} else {
		var n int
		n, out, err = w.c.layer.write(w.c.base, sysfd, w.p[w.n:])
		w.n += n
	}
	if err == loop.ErrAgain {
		return out, err
	}
	w.err = err
	return out, nil
}

// CloseWrite sends close_notify. The connection can still be read from. A second call does nothing.
//
// Errors: those of Write; an error before the end of the handshake.
func (c *Conn) CloseWrite() error {
	if !c.made.Load() {
		return c.s.OpError("closewrite", sock.Addr{}, errEarlyCloseWrite)
	}
	_, err := c.write(nil, true)
	return err
}

var errEarlyCloseWrite = errors.New("the TLS handshake is not over")

// closeTimeout is how long Close waits until the socket takes close_notify. crypto/tls waits as
// long.
const closeTimeout = 5 * time.Second

// Close sends close_notify, if that was not done, and closes the socket. While a Write is under way
// it only closes the socket, which ends the Write. Of a watched connection it does not wait: see
// Watch.
//
// Errors: net.ErrClosed for a second time; those of CloseWrite: the socket is closed then, too.
func (c *Conn) Close() error {
	var err error
	if c.made.Load() && c.isWatched() {
		return c.linger()
	}
	if c.made.Load() && c.writing.Load() == 0 {
		ctx, cancel := context.WithTimeout(context.Background(), closeTimeout)
		defer cancel()
		err = c.With(ctx).CloseWrite()
	}
	if failed := c.base.Close(); failed != nil {
		return failed
	}
	return err
}

// LocalAddr is the socket's own address, the zero Addr once it is closed.
func (c *Conn) LocalAddr() net.Addr { return address(c.s.Getsockname()) }

// RemoteAddr is the peer's address, the zero Addr once it is gone.
func (c *Conn) RemoteAddr() net.Addr { return address(c.s.Getpeername()) }

// SetDeadline is sock.Socket.SetDeadline. A deadline that has passed leaves the connection intact:
// after it was moved, reads and writes go on where they were.
func (c *Conn) SetDeadline(t time.Time) error { return c.s.SetDeadline(t) }

// SetReadDeadline is sock.Socket.SetReadDeadline.
func (c *Conn) SetReadDeadline(t time.Time) error { return c.s.SetReadDeadline(t) }

// SetWriteDeadline is sock.Socket.SetWriteDeadline.
func (c *Conn) SetWriteDeadline(t time.Time) error { return c.s.SetWriteDeadline(t) }

var _ net.Conn = (*Conn)(nil)
