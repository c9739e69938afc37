package netconn

import (
	"errors"
	"fmt"
	"net"
	"os"
	"runtime"
	"syscall"

	"github.com/polluxio/pollux/families"
	"github.com/polluxio/pollux/sock"
)

// New makes a Conn of a connected stream or seqpacket socket of any family. The Conn owns the
// socket from then on. New sets the timeout of the socket to sock.Forever, because a Conn has
// deadlines instead. It changes no option of the socket. The Conn waits as the view s does.
//
// Errors: net.ErrClosed; ENOTCONN; an *ArgError for a nil s, and for a datagram socket, which
// NewPacketConn takes. After an error the socket belongs to the caller.
func New(s *sock.Socket) (*Conn, error) {
	if s == nil {
		return nil, failure("new", nil, &ArgError{Kind: sock.ArgMissing, Arg: "s", Value: nil, Rule: "must not be nil"})
	}
	s = s.OrClosed() // the zero Socket
	if !endsWithNothing(s.Type()) {
		rule := "only stream and seqpacket sockets are connections: use NewPacketConn"
		return nil, failure("new", s, &ArgError{Kind: sock.ArgType, Arg: "type", Value: s.Type(), Rule: rule})
	}
	peer, err := s.Getpeername()
	if errors.Is(err, syscall.ENOTCONN) || errors.Is(err, net.ErrClosed) {
		return nil, failure("new", s, err)
	}
	return connected(s, nil, peer)
}

// connected makes the Conn of a socket whose peer is known. If the family has no names for sockets,
// the address is that of the family alone.
//
// local is the address of this end, or nil to ask the system.
func connected(s *sock.Socket, local net.Addr, peer sock.Addr) (*Conn, error) {
	c, err := wrap(s, local, peer)
	if err != nil {
		return nil, err
	}
	if c.remote == nil {
		c.remote = unnamed(s)
	}
	return &Conn{c}, nil
}

// wrap makes the conn of a socket. local may be nil, and peer zero.
func wrap(s *sock.Socket, local net.Addr, peer sock.Addr) (conn, error) {
	if err := s.SetTimeout(sock.Forever); err != nil {
		return conn{}, failure("new", s, err)
	}
	s.BareErrors() // the conn knows the addresses
	network := s.Network()
	c := conn{s: s, local: local, remote: netAddr(network, peer)}
	if c.local == nil {
		if a, err := s.Getsockname(); err == nil {
			c.local = netAddr(network, a)
		}
	}
	if c.local == nil {
		c.local = unnamed(s)
	}
	return c, nil
}

// unnamed is the address of a socket without a name: users of net.Conn print it, so it is not nil.
func unnamed(s *sock.Socket) net.Addr { return families.Raw(int(s.Family()), nil) }

// failure makes the error of a function that makes a Conn, a Listener or a PacketConn of s. s may
// be nil.
func failure(op string, s *sock.Socket, err error) error {
	e := &net.OpError{Op: op, Err: cause(err)}
	if s != nil {
		e.Net = s.Network()
	}
	return e
}

// FromConn makes a Conn of a net.Conn that has a descriptor, such as those of package net. It
// closes c, which nothing else may use at the time. Conn.DetachConn does the opposite. The Conn
// does not have the deadlines of c.
//
// Errors: an *ArgError for a c without a descriptor, such as a *tls.Conn; those of New. After an
// error c is unchanged.
func FromConn(c net.Conn) (*Conn, error) {
	s, err := socketOf(c)
	if err != nil {
		return nil, err
	}
	return replacing(c, s, New)
}

// FromFile makes a Conn of a file that is a socket, such as one from a parent process. It closes f.
// Conn.Detach does the opposite.
//
// Errors: ENOTSOCK; those of New. After an error f is unchanged.
func FromFile(f *os.File) (*Conn, error) {
	s, err := socketOf(f)
	if err != nil {
		return nil, err
	}
	return replacing(f, s, New)
}

// replacing makes the value that takes the place of old. s is a socket on a duplicate of old's
// descriptor.
func replacing[T any](old interface{ Close() error }, s *sock.Socket, make func(*sock.Socket) (T, error)) (T, error) {
	made, err := make(s)
	if err != nil {
		s.Close()
		return made, err
	}
	old.Close() // closes its descriptor; the socket stays open through the duplicate
	return made, nil
}

// socketOf makes a socket of a duplicate of the descriptor of v.
func socketOf(v any) (*sock.Socket, error) {
	c, ok := v.(syscall.Conn)
	if f, isFile := v.(*os.File); !ok || isFile && f == nil {
		rule := "has no descriptor (SyscallConn)"
		return nil, failure("adopt", nil, &ArgError{Kind: sock.ArgType, Arg: "value", Value: fmt.Sprintf("%T", v), Rule: rule})
	}
	raw, err := c.SyscallConn()
	if err != nil {
		return nil, failure("adopt", nil, err)
	}
	var s *sock.Socket
	failed := raw.Control(func(fd uintptr) { s, err = sock.Fromfd(int(fd), -1, -1, -1) })
	if failed != nil {
		err = failed
	}
	if err != nil {
		return nil, failure("adopt", nil, err)
	}
	return s, nil
}

// File returns a duplicate of the descriptor as an *os.File, which the caller closes. It is
// non-blocking, so the file has deadlines. The connection stays open, and shares its options with
// the file.
//
// Errors: net.ErrClosed, EMFILE; errors.ErrUnsupported on Windows.
func (c *conn) File() (*os.File, error) {
	f, err := fileOf(c.socket())
	return f, c.fail("file", err)
}

func fileOf(s *sock.Socket) (*os.File, error) {
	if runtime.GOOS == "windows" {
		return nil, fmt.Errorf("the file of a socket on windows: %w", errors.ErrUnsupported)
	}
	dup, err := s.Dup()
	if err != nil {
		return nil, err
	}
	return detach(dup), nil
}

// Detach returns the descriptor as an *os.File and ends the Conn: blocked and later calls return
// net.ErrClosed. The descriptor is non-blocking. No byte is lost.
//
// Errors: net.ErrClosed; errors.ErrUnsupported on Windows.
func (c *conn) Detach() (*os.File, error) {
	if runtime.GOOS == "windows" {
		return nil, c.fail("detach", fmt.Errorf("the file of a socket on windows: %w", errors.ErrUnsupported))
	}
	f := detach(c.socket())
	if f == nil {
		return nil, c.fail("detach", net.ErrClosed)
	}
	return f, nil
}

// DetachConn is Detach for a family that package net has. It returns the connection as a
// *net.TCPConn, *net.UnixConn or *net.UDPConn without a deadline.
//
// Errors: those of Detach and of net.FileConn. After an error of net.FileConn the connection is
// closed.
func (c *conn) DetachConn() (net.Conn, error) {
	f, err := c.Detach()
	if err != nil {
		return nil, err
	}
	defer f.Close() // FileConn has made a duplicate
	return net.FileConn(f)
}

// detach returns nil for a closed socket.
func detach(s *sock.Socket) *os.File {
	name := s.Network()
	if a, err := s.Getsockname(); err == nil {
		name += ":" + a.String()
	}
	s.SetTimeout(0) // so that Detach leaves it non-blocking, for Go's own poller
	fd := s.Detach()
	if fd < 0 {
		return nil
	}
	return os.NewFile(uintptr(fd), name)
}
