package netconn

import (
	"context"
	"io"
	"net"
	"syscall"
	"time"

	"github.com/polluxio/pollux/loop"
	"github.com/polluxio/pollux/sock"
)

// conn has the common part of Conn and PacketConn. It is immutable: all that changes is in the
// socket.
type conn struct {
	s             *sock.Socket // in the view of what waits
	local, remote net.Addr     // remote is nil for a socket that is not connected
}

// A Conn is a net.Conn over a stream or seqpacket socket of any family. Any number of goroutines
// may use it at the same time. The bytes of two writes do not mix.
//
// On a seqpacket socket each Write is one packet, and each Read takes one packet; the part of the
// packet that does not fit into p is lost. An empty packet looks like the end of the stream, as in
// package net.
//
// If the program drops a Conn without Close, the garbage collector closes it, and the log reports
// that.
type Conn struct{ conn }

var (
	_ net.Conn      = (*Conn)(nil)
	_ io.ReaderFrom = (*Conn)(nil)
	_ io.WriterTo   = (*Conn)(nil)
	_ syscall.Conn  = (*Conn)(nil)
)

// In returns a view of the connection whose calls suspend the task and not the goroutine. Only the
// task may use the view, except for Close and the methods that set deadlines. With a nil t the
// calls block the calling goroutine again.
func (c *Conn) In(t *loop.Task) *Conn { return &Conn{c.view(c.socket().In(t))} }

// With returns a view of the connection whose calls end with the cause of ctx when ctx ends. ctx
// replaces an earlier context, and nil removes it.
func (c *Conn) With(ctx context.Context) *Conn { return &Conn{c.view(c.socket().With(ctx))} }

func (c *conn) view(s *sock.Socket) conn { return conn{s, c.local, c.remote} }

// Socket returns the socket, in the view of the Conn. The program can use it together with the
// Conn, for options, futures and everything else that a net.Conn lacks. It has the deadlines of the
// Conn and no timeout. If the program sets a timeout on it, that timeout ends the waits of the Conn
// too.
func (c *conn) Socket() *sock.Socket { return c.socket() }

// socket is Socket for the methods here: that of a zero Conn is closed.
func (c *conn) socket() *sock.Socket { return c.s.OrClosed() }

// fail converts an error of the socket to the form of package net.
func (c *conn) fail(op string, err error) error {
	if err == nil {
		return nil
	}
	if isZero(c.socket()) {
		return errZero(op)
	}
	return &net.OpError{Op: op, Net: c.socket().Network(), Source: c.local, Addr: c.remote, Err: cause(err)}
}

// Read reads at least one byte into p, and waits for it.
//
// At the end of a stream it returns io.EOF. With an empty p it returns at once. Errors:
// os.ErrDeadlineExceeded; net.ErrClosed; ECONNRESET and other errors of the system; loop.ErrOnLoop
// in a callback.
func (c *conn) Read(p []byte) (int, error) {
	n, err := c.socket().RecvInto(p, 0)
	switch {
	case err != nil:
		return 0, c.fail("read", err)
	case n > 0:
		return n, nil
	case len(p) == 0:
		return 0, c.fail("read", c.closed())
	case endsWithNothing(c.socket().Type()):
		return 0, io.EOF
	}
	return 0, nil
}

// endsWithNothing reports whether a receive of 0 bytes is the end of the stream, for a type of
// socket.
func endsWithNothing(typ sock.Type) bool {
	return typ == sock.SOCK_STREAM || typ == sock.SOCK_SEQPACKET
}

// closed returns net.ErrClosed if the socket is closed.
func (c *conn) closed() error {
	if c.socket().Fileno() < 0 {
		return net.ErrClosed
	}
	return nil
}

// Write writes all of p, and waits for room. It returns the number of bytes written: len(p), or
// fewer with an error.
//
// Errors: os.ErrDeadlineExceeded; net.ErrClosed; EPIPE; ECONNRESET; EMSGSIZE for a packet that is
// too long; other errors of the system; loop.ErrOnLoop in a callback.
func (c *conn) Write(p []byte) (int, error) {
	n, err := c.socket().Sendall(p, 0)
	if err != nil {
		return n, c.fail("write", err)
	}
	return n, nil
}

// Close closes the connection. Blocked calls return net.ErrClosed.
//
// Error: net.ErrClosed if the connection was closed before.
func (c *conn) Close() error {
	if err := c.closed(); err != nil {
		return c.fail("close", err)
	}
	return c.fail("close", c.socket().Close())
}

// LocalAddr returns the address of this end, also after Close. It is a *net.TCPAddr, *net.UDPAddr,
// *net.IPAddr or *net.UnixAddr if package net has a type for the family, otherwise a sock.Addr,
// which is comparable.
func (c *conn) LocalAddr() net.Addr { return c.local }

// RemoteAddr returns the address of the other end, in the form of LocalAddr. It is nil if the
// socket is not connected.
func (c *conn) RemoteAddr() net.Addr { return c.remote }

// SetDeadline sets the deadlines of both directions, as SetReadDeadline and SetWriteDeadline do.
func (c *conn) SetDeadline(t time.Time) error { return c.fail("set", c.socket().SetDeadline(t)) }

// SetReadDeadline sets the instant at which reads fail with os.ErrDeadlineExceeded. The zero Time
// means no deadline. Any goroutine may move the deadline at any time, also into the past, and a
// blocked call follows the new one. No byte is lost: after a later deadline, reads continue.
//
// Error: net.ErrClosed.
func (c *conn) SetReadDeadline(t time.Time) error {
	return c.fail("set", c.socket().SetReadDeadline(t))
}

// SetWriteDeadline is SetReadDeadline for writes. A Write that the deadline ends may have written a
// part, and returns its length.
//
// Error: net.ErrClosed.
func (c *conn) SetWriteDeadline(t time.Time) error {
	return c.fail("set", c.socket().SetWriteDeadline(t))
}
