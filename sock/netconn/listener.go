package netconn

import (
	"context"
	"errors"
	"net"
	"os"
	"runtime"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/polluxio/pollux/loop"
	"github.com/polluxio/pollux/sock"
)

// A Listener is a net.Listener over a listening stream or seqpacket socket of any family. Any
// number of goroutines may use it at the same time.
type Listener struct {
	s    *sock.Socket // in the view of what waits
	addr net.Addr
	*listening
}

// listening is the part that all views of a Listener share.
type listening struct {
	period    time.Duration // KeepAlive and KeepAliveConfig of the ListenConfig
	keepAlive net.KeepAliveConfig
	prepares  bool        // sets the options of each TCP connection: the listener does not pass them on
	unlink    atomic.Bool // removes the file of a Unix socket at Close
}

var (
	_ net.Listener = (*Listener)(nil)
	_ syscall.Conn = (*Listener)(nil)
)

// NewListener makes a Listener of a listening socket of any family. The Listener owns the socket
// from then on, sets its timeout to sock.Forever, and waits as the view s does. Its Close does not
// remove the file of a Unix socket: see SetUnlinkOnClose.
//
// Errors: net.ErrClosed; an *ArgError for a nil s, and for a socket that does not listen. After an
// error the socket belongs to the caller.
func NewListener(s *sock.Socket) (*Listener, error) {
	if s == nil {
		return nil, failure("listen", nil, &ArgError{Kind: sock.ArgMissing, Arg: "s", Value: nil, Rule: "must not be nil"})
	}
	s = s.OrClosed() // the zero Socket
	// Some families lack the option. A wrong socket of theirs fails at Accept.
	if on, err := s.Getsockopt(sock.SOL_SOCKET, sock.SO_ACCEPTCONN); err == nil && on == 0 {
		return nil, failure("listen", s, &ArgError{Kind: sock.ArgType, Arg: "s", Value: s.String(), Rule: "must be listening: call Listen"})
	}
	return newListener(s)
}

func newListener(s *sock.Socket) (*Listener, error) {
	c, err := wrap(s, nil, sock.Addr{})
	if err != nil {
		return nil, err
	}
	return &Listener{s, c.local, &listening{prepares: true}}, nil
}

// ListenerFromConn makes a Listener of a net.Listener that has a descriptor, such as those of
// package net. It closes ln. If ln would then remove the file of a Unix socket, call its
// SetUnlinkOnClose(false) before.
//
// Errors: an *ArgError for an ln without a descriptor; those of NewListener. After an error ln is
// unchanged.
func ListenerFromConn(ln net.Listener) (*Listener, error) {
	s, err := socketOf(ln)
	if err != nil {
		return nil, err
	}
	return replacing(ln, s, NewListener)
}

// ListenerFromFile makes a Listener of a file that is a listening socket, such as one from systemd
// or a parent process. It closes f.
//
// Errors: ENOTSOCK; those of NewListener. After an error f is unchanged.
func ListenerFromFile(f *os.File) (*Listener, error) {
	s, err := socketOf(f)
	if err != nil {
		return nil, err
	}
	return replacing(f, s, NewListener)
}

// In returns a view of the listener whose Accept suspends the task. The accepted connections are in
// the same view. Only the task may use it. Another task or goroutine that serves such a connection
// c uses c.In(other).
func (l *Listener) In(t *loop.Task) *Listener {
	return &Listener{l.socket().In(t), l.addr, l.listening}
}

// Socket returns the socket, in the view of the Listener.
func (l *Listener) Socket() *sock.Socket { return l.socket() }

// socket is Socket for the methods here: that of a zero Listener is closed.
func (l *Listener) socket() *sock.Socket { return l.s.OrClosed() }

// Accept waits for the next connection and returns it as a *Conn. If no descriptor is free, it
// waits for one (see sock.Socket.Accept), and the log reports that.
//
// Errors: os.ErrDeadlineExceeded, net.ErrClosed.
func (l *Listener) Accept() (net.Conn, error) {
	c, err := l.accept(l.socket())
	if err != nil {
		return nil, err
	}
	return c, nil
}

// AcceptConn is Accept with a *Conn as its result.
func (l *Listener) AcceptConn() (*Conn, error) { return l.accept(l.socket()) }

// AcceptContext is AcceptConn with a context. If ctx ends first, it fails with the cause of ctx.
// The end of ctx has no effect on the connection.
func (l *Listener) AcceptContext(ctx context.Context) (*Conn, error) {
	c, err := l.accept(l.socket().With(ctx))
	if err != nil {
		return nil, err
	}
	c.s = l.inView(c.socket().Base())
	return c, nil
}

// inView returns a new connection in the task of the listener.
func (l *Listener) inView(s *sock.Socket) *sock.Socket {
	if t := l.socket().Waiter().Task(); t != nil {
		return s.In(t)
	}
	return s
}

func (l *Listener) accept(from *sock.Socket) (*Conn, error) {
	for {
		s, peer, err := from.Accept()
		if errors.Is(err, syscall.ECONNABORTED) { // that connection has ended; the next may be good
			continue
		}
		if err != nil {
			return nil, l.fail("accept", err)
		}
		var local net.Addr
		if s.Family() == sock.AF_UNIX {
			local = l.addr // not for TCP, where it may differ, even if the listener has one address (IP_TRANSPARENT)
		}
		c, err := connected(s, local, peer)
		if err != nil {
			s.Close()
			continue
		}
		if _, ok := c.local.(*net.TCPAddr); ok && l.prepares {
			tcpOptions(s, l.period, l.keepAlive)
		}
		return c, nil
	}
}

func (l *Listener) fail(op string, err error) error {
	if err == nil {
		return nil
	}
	if isZero(l.socket()) {
		return errZero(op)
	}
	return &net.OpError{Op: op, Net: l.socket().Network(), Addr: l.addr, Err: cause(err)}
}

// Close closes the listener, and removes the file of a Unix socket that Listen has made. Blocked
// calls return net.ErrClosed. Accepted connections stay open.
//
// Error: net.ErrClosed if the listener was closed before.
func (l *Listener) Close() error {
	if l.socket().Fileno() < 0 {
		return l.fail("close", net.ErrClosed)
	}
	if a, ok := l.addr.(*net.UnixAddr); ok && l.unlink.Swap(false) {
		// Before the close, as in package net: after it another program may listen at this path.
		os.Remove(a.Name)
	}
	return l.fail("close", l.socket().Close())
}

// SetUnlinkOnClose sets whether Close removes the file of a Unix socket. By default it removes a
// file that Listen has made.
func (l *Listener) SetUnlinkOnClose(unlink bool) {
	a, ok := l.addr.(*net.UnixAddr)
	if l.listening == nil {
		return // the zero Listener
	}
	l.unlink.Store(unlink && ok && a.Name != "" && !(runtime.GOOS == "linux" && a.Name[0] == '@'))
}

// Addr returns the address of the listener, in the form of Conn.LocalAddr.
func (l *Listener) Addr() net.Addr { return l.addr }

// SetDeadline sets the instant at which Accept fails with os.ErrDeadlineExceeded. The zero Time
// means no deadline. It can be moved at any time, and a blocked call follows the new one.
//
// Error: net.ErrClosed.
func (l *Listener) SetDeadline(t time.Time) error { return l.fail("set", l.socket().SetDeadline(t)) }

// SyscallConn gives raw access to the descriptor.
//
// Error: net.ErrClosed.
func (l *Listener) SyscallConn() (syscall.RawConn, error) {
	raw, err := l.socket().SyscallConn()
	return raw, l.fail("raw-control", err)
}

// File returns a duplicate of the descriptor as an *os.File, for example for a child process. The
// caller closes it. The Listener stays open. If the child uses a Unix socket, its file must not be
// removed: see SetUnlinkOnClose.
//
// Errors: net.ErrClosed, EMFILE; errors.ErrUnsupported on Windows.
func (l *Listener) File() (*os.File, error) {
	f, err := fileOf(l.socket())
	return f, l.fail("file", err)
}
