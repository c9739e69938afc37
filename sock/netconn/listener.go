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

// A Listener is a listening socket of any stream or seqpacket family as a net.Listener. Any number
// of goroutines may use it at once.
type Listener struct {
	s    *sock.Socket // in the view of what waits
	addr net.Addr
	*listening
}

// listening is what all views of a Listener share.
type listening struct {
	period    time.Duration // as ListenConfig has them
	keepAlive net.KeepAliveConfig
	prepares  bool        // sets the options of each TCP connection: the listener does not pass them on
	unlink    atomic.Bool // removes the file of a Unix socket at Close
}

var (
	_ net.Listener = (*Listener)(nil)
	_ syscall.Conn = (*Listener)(nil)
)

// NewListener makes a Listener of a listening socket of any family. It owns the socket from then
// on, sets its timeout to sock.Forever, and waits as the view s does. The file of a Unix socket
// stays at Close (see SetUnlinkOnClose).
//
// Errors, in which the socket is the caller's still: net.ErrClosed; an *ArgError for a nil s and
// for a socket that does not listen.
func NewListener(s *sock.Socket) (*Listener, error) {
	if s == nil {
		return nil, failure("listen", nil, &ArgError{Kind: sock.ArgMissing, Arg: "s", Value: nil, Rule: "must not be nil"})
	}
	// Not every family knows the option. Accept fails on those that do not.
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

// ListenerFromConn takes over a live net.Listener that has a descriptor, as those of package net
// have: it makes a Listener of it, and closes ln. The file of a Unix socket stays, if ln leaves it
// there: call its SetUnlinkOnClose(false) before.
//
// Errors, in which ln is as it was: an *ArgError for an ln without a descriptor; those of
// NewListener.
func ListenerFromConn(ln net.Listener) (*Listener, error) {
	s, err := socketOf(ln)
	if err != nil {
		return nil, err
	}
	return replacing(ln, s, NewListener)
}

// ListenerFromFile takes over a file that is a listening socket, as systemd or a parent process
// passes it on: it makes a Listener of it, and closes f.
//
// Errors, in which f is as it was: ENOTSOCK; those of NewListener.
func ListenerFromFile(f *os.File) (*Listener, error) {
	s, err := socketOf(f)
	if err != nil {
		return nil, err
	}
	return replacing(f, s, NewListener)
}

// In returns the listener for the task: Accept suspends it, and returns connections for it. Only
// the task itself may use it. A connection that another task or goroutine serves is c.In(other)
// there.
func (l *Listener) In(t *loop.Task) *Listener { return &Listener{l.s.In(t), l.addr, l.listening} }

// Socket returns the socket, in the view of the Listener.
func (l *Listener) Socket() *sock.Socket { return l.s }

// Accept waits for the next connection, which is a *Conn. If descriptors have run out it waits for
// some (see sock.Socket.Accept); the log says so.
//
// Errors: os.ErrDeadlineExceeded, net.ErrClosed.
func (l *Listener) Accept() (net.Conn, error) {
	c, err := l.accept(l.s)
	if err != nil {
		return nil, err
	}
	return c, nil
}

// AcceptConn is Accept, which returns a *Conn.
func (l *Listener) AcceptConn() (*Conn, error) { return l.accept(l.s) }

// AcceptContext is AcceptConn, and ends with the cause of ctx when ctx ends. The connection is not
// bound to ctx.
func (l *Listener) AcceptContext(ctx context.Context) (*Conn, error) {
	c, err := l.accept(l.s.With(ctx))
	if err != nil {
		return nil, err
	}
	c.s = l.inView(c.s.Base())
	return c, nil
}

// inView returns a new connection in the task of the listener.
func (l *Listener) inView(s *sock.Socket) *sock.Socket {
	if t := l.s.Waiter().Task(); t != nil {
		return s.In(t)
	}
	return s
}

func (l *Listener) accept(from *sock.Socket) (*Conn, error) {
	for {
		s, peer, err := from.Accept()
		if errors.Is(err, syscall.ECONNABORTED) { // that connection is gone, and others come
			continue
		}
		if err != nil {
			return nil, l.fail("accept", err)
		}
		var local net.Addr
		if s.Family() == sock.AF_UNIX {
			local = l.addr // of TCP it may be another, also of a listener at one address (IP_TRANSPARENT)
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
	return &net.OpError{Op: op, Net: l.s.Network(), Addr: l.addr, Err: cause(err)}
}

// Close closes the listener, and removes the file of a Unix socket that [Listen] has made. Calls
// that wait end with net.ErrClosed. Connections that were accepted go on.
//
// Error: net.ErrClosed if it was closed before.
func (l *Listener) Close() error {
	if l.s.Fileno() < 0 {
		return l.fail("close", net.ErrClosed)
	}
	if a, ok := l.addr.(*net.UnixAddr); ok && l.unlink.Swap(false) {
		// Before the close, as package net does it: after it another program may listen there.
		os.Remove(a.Name)
	}
	return l.fail("close", l.s.Close())
}

// SetUnlinkOnClose sets whether Close removes the file of a Unix socket. It does for one that
// [Listen] has made.
func (l *Listener) SetUnlinkOnClose(unlink bool) {
	a, ok := l.addr.(*net.UnixAddr)
	l.unlink.Store(unlink && ok && a.Name != "" && !(runtime.GOOS == "linux" && a.Name[0] == '@'))
}

// Addr returns the address that it listens at, as Conn.LocalAddr does.
func (l *Listener) Addr() net.Addr { return l.addr }

// SetDeadline sets the instant from which Accept fails with os.ErrDeadlineExceeded; the zero Time
// is none. It may be moved at any time: a call that waits ends at the new one.
//
// Error: net.ErrClosed.
func (l *Listener) SetDeadline(t time.Time) error { return l.fail("set", l.s.SetDeadline(t)) }

// SyscallConn gives raw access to the descriptor.
//
// Error: net.ErrClosed.
func (l *Listener) SyscallConn() (syscall.RawConn, error) {
	raw, err := l.s.SyscallConn()
	return raw, l.fail("raw-control", err)
}

// File returns a duplicate of the descriptor as an *os.File, which is the caller's to close: to
// pass it to a child process. The Listener goes on. The file of a Unix socket should then outlive
// it: see SetUnlinkOnClose.
//
// Errors: net.ErrClosed, EMFILE; errors.ErrUnsupported on Windows.
func (l *Listener) File() (*os.File, error) {
	f, err := fileOf(l.s)
	return f, l.fail("file", err)
}
