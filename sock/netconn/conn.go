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

// conn is what Conn and PacketConn have in common. It is immutable: the socket has all that
// changes.
type conn struct {
	s             *sock.Socket // in the view of what waits
	local, remote net.Addr     // remote is nil for a socket that is not connected
}

// A Conn is a connection as a net.Conn, over a stream or seqpacket socket of any family. Any number
// of goroutines may use it at once; writes do not mix.
//
// Of a seqpacket socket each Write is a packet, and each Read takes one: what has no room in p is
// lost. An empty packet looks like the end, as in package net.
//
// A Conn that is dropped without Close is closed once the garbage collector notices, and the log
// says so.
type Conn struct{ conn }

var (
	_ net.Conn      = (*Conn)(nil)
	_ io.ReaderFrom = (*Conn)(nil)
	_ io.WriterTo   = (*Conn)(nil)
	_ syscall.Conn  = (*Conn)(nil)
)

// In returns the connection for the task: its calls suspend the task, and not the goroutine. Only
// the task itself may use it, but for SetDeadline and its like, and Close. A nil t is none: the
// calls wait in the calling goroutine again.
func (c *Conn) In(t *loop.Task) *Conn { return &Conn{c.view(c.s.In(t))} }

// With returns the connection with calls that end with the cause of ctx when ctx ends. It replaces
// an earlier context; a nil ctx is none.
func (c *Conn) With(ctx context.Context) *Conn { return &Conn{c.view(c.s.With(ctx))} }

func (c *conn) view(s *sock.Socket) conn { return conn{s, c.local, c.remote} }

// Socket returns the socket, in the view of the Conn: what it has and a net.Conn does not, from
// options to futures, is used beside the Conn. It has no timeout, and the deadlines of the Conn; a
// timeout that is set on it ends the Conn's waits too.
func (c *conn) Socket() *sock.Socket { return c.s }

// fail gives an error of the socket the form of package net.
func (c *conn) fail(op string, err error) error {
	if err == nil {
		return nil
	}
	return &net.OpError{Op: op, Net: c.s.Network(), Source: c.local, Addr: c.remote, Err: cause(err)}
}

// Read reads what is there, at least a byte, and waits for it.
//
// The end of a stream is io.EOF. An empty p reads nothing and does not wait. Errors:
// os.ErrDeadlineExceeded, net.ErrClosed, ECONNRESET and what else the system says, loop.ErrOnLoop
// in a callback.
func (c *conn) Read(p []byte) (int, error) {
	n, err := c.s.RecvInto(p, 0)
	switch {
	case err != nil:
		return 0, c.fail("read", err)
	case n > 0:
		return n, nil
	case len(p) == 0:
		return 0, c.fail("read", c.closed())
	case endsWithNothing(c.s.Type()):
		return 0, io.EOF
	}
	return 0, nil
}

// endsWithNothing says whether to receive nothing is the end, for a type of socket.
func endsWithNothing(typ sock.Type) bool {
	return typ == sock.SOCK_STREAM || typ == sock.SOCK_SEQPACKET
}

// closed is net.ErrClosed once the socket is closed.
func (c *conn) closed() error {
	if c.s.Fileno() < 0 {
		return net.ErrClosed
	}
	return nil
}

// Write writes all of p, and waits for room. It reports how much went: all, or less and an error.
//
// Errors: os.ErrDeadlineExceeded, net.ErrClosed, EPIPE, ECONNRESET, EMSGSIZE for a packet that is
// too long, and what else the system says; loop.ErrOnLoop in a callback.
func (c *conn) Write(p []byte) (int, error) {
	n, err := c.s.Sendall(p, 0)
	if err != nil {
		return n, c.fail("write", err)
	}
	return n, nil
}

// Close closes the connection. Calls that wait end with net.ErrClosed.
//
// Error: net.ErrClosed if it was closed before.
func (c *conn) Close() error {
	if err := c.closed(); err != nil {
		return c.fail("close", err)
	}
	return c.fail("close", c.s.Close())
}

// LocalAddr returns the address of this end, also after Close: a *net.TCPAddr, *net.UDPAddr,
// *net.IPAddr or *net.UnixAddr where package net has such a type, else a sock.Addr, which is
// comparable.
func (c *conn) LocalAddr() net.Addr { return c.local }

// RemoteAddr returns the address of the other end, as LocalAddr does; nil for a socket that is not
// connected.
func (c *conn) RemoteAddr() net.Addr { return c.remote }

// SetDeadline sets the deadlines of reading and of writing: SetReadDeadline and SetWriteDeadline.
func (c *conn) SetDeadline(t time.Time) error { return c.fail("set", c.s.SetDeadline(t)) }

// SetReadDeadline sets the instant from which reading fails with os.ErrDeadlineExceeded; the zero
// Time is none. It may be moved at any time, also into the past, and from any goroutine: a call
// that waits ends at the new one. No byte is lost: after a later deadline, reading goes on.
//
// Error: net.ErrClosed.
func (c *conn) SetReadDeadline(t time.Time) error { return c.fail("set", c.s.SetReadDeadline(t)) }

// SetWriteDeadline is SetReadDeadline for writing. A Write that it ends may have written a part,
// and reports how much.
//
// Error: net.ErrClosed.
func (c *conn) SetWriteDeadline(t time.Time) error { return c.fail("set", c.s.SetWriteDeadline(t)) }
