package netconn

import (
	"context"
	"errors"
	"net"
	"os"
	"syscall"

	"github.com/polluxio/pollux/families"
	"github.com/polluxio/pollux/loop"
	"github.com/polluxio/pollux/sock"
)

// A PacketConn is a net.PacketConn over a datagram socket, or a socket of another type, of any
// family. If it is connected, it is a net.Conn too. Any number of goroutines may use it at the same
// time.
//
// A datagram that is longer than the buffer is cut, and the rest is lost. An empty datagram is
// received as 0 bytes with no error.
type PacketConn struct{ conn }

var (
	_ net.PacketConn = (*PacketConn)(nil)
	_ net.Conn       = (*PacketConn)(nil)
	_ syscall.Conn   = (*PacketConn)(nil)
)

// NewPacketConn makes a PacketConn of a socket of any family. The PacketConn owns the socket from
// then on, sets its timeout to sock.Forever, and waits as the view s does. It changes no option of
// the socket.
//
// Errors: net.ErrClosed; an *ArgError for a nil s, and for a stream socket, which New takes. After
// an error the socket belongs to the caller.
func NewPacketConn(s *sock.Socket) (*PacketConn, error) {
	if s == nil {
		return nil, failure("new", nil, &ArgError{Kind: sock.ArgMissing, Arg: "s", Value: nil, Rule: "must not be nil"})
	}
	s = s.OrClosed() // the zero Socket
	if s.Type() == sock.SOCK_STREAM {
		return nil, failure("new", s, &ArgError{Kind: sock.ArgType, Arg: "type", Value: s.Type(), Rule: "a stream has no packets: use New"})
	}
	peer, err := s.Getpeername()
	if errors.Is(err, net.ErrClosed) {
		return nil, failure("new", s, err)
	}
	if peer == families.Netlink(0, 0) {
		peer = sock.Addr{} // before connect(2) each netlink socket has the kernel as its peer
	}
	return newPacketConn(s, peer)
}

// newPacketConn makes the PacketConn of a socket. peer is zero if it is not connected.
func newPacketConn(s *sock.Socket, peer sock.Addr) (*PacketConn, error) {
	c, err := wrap(s, nil, peer)
	if err != nil {
		return nil, err
	}
	return &PacketConn{c}, nil
}

// PacketConnFrom makes a PacketConn of a net.PacketConn that has a descriptor, such as those of
// package net. It closes p, which nothing else may use at the time. The result does not have the
// deadlines of p.
//
// Errors: an *ArgError for a p without a descriptor; those of NewPacketConn. After an error p is
// unchanged.
func PacketConnFrom(p net.PacketConn) (*PacketConn, error) {
	s, err := socketOf(p)
	if err != nil {
		return nil, err
	}
	return replacing(p, s, NewPacketConn)
}

// PacketConnFromFile makes a PacketConn of a file that is a datagram socket. It closes f.
//
// Errors: ENOTSOCK; those of NewPacketConn. After an error f is unchanged.
func PacketConnFromFile(f *os.File) (*PacketConn, error) {
	s, err := socketOf(f)
	if err != nil {
		return nil, err
	}
	return replacing(f, s, NewPacketConn)
}

// In returns a view of the socket whose calls suspend the task. See Conn.In.
func (p *PacketConn) In(t *loop.Task) *PacketConn { return &PacketConn{p.view(p.socket().In(t))} }

// With returns a view of the socket whose calls end with the cause of ctx when ctx ends. See
// Conn.With.
func (p *PacketConn) With(ctx context.Context) *PacketConn {
	return &PacketConn{p.view(p.socket().With(ctx))}
}

// Write sends b to the peer of a connected socket, as one datagram.
//
// Errors: EDESTADDRREQ for a socket that is not connected; else those of WriteTo.
func (p *PacketConn) Write(b []byte) (int, error) {
	n, err := p.socket().Send(b, 0)
	if err != nil {
		return n, p.fail("write", err)
	}
	return n, nil
}

// ReadFrom receives a datagram into b. It returns the number of bytes in b, and the sender: a
// *net.UDPAddr, *net.IPAddr or *net.UnixAddr if package net has a type for the family, otherwise a
// sock.Addr. For a Unix sender without a name it returns the same value as package net. If the
// system reports no sender of another family, it returns nil.
//
// Errors: os.ErrDeadlineExceeded; net.ErrClosed; errors of the system, such as ECONNREFUSED on a
// connected socket whose peer does not exist.
func (p *PacketConn) ReadFrom(b []byte) (int, net.Addr, error) {
	n, from, err := p.socket().RecvfromInto(b, 0)
	if err != nil {
		return 0, nil, p.fail("read", err)
	}
	return n, netAddr(p.socket().Network(), from), nil
}

// ReadFromAddr is ReadFrom with a sock.Addr as the sender. It allocates nothing.
func (p *PacketConn) ReadFromAddr(b []byte) (int, sock.Addr, error) {
	n, from, err := p.socket().RecvfromInto(b, 0)
	if err != nil {
		return 0, from, p.fail("read", err)
	}
	return n, from, nil
}

// WriteTo sends b as one datagram. to is an address of package net or a sock.Addr; IPv4 and IPv6
// forms of an address are the same.
//
// Errors: a *net.AddrError for a nil to; net.ErrWriteToConnected for a connected socket; EMSGSIZE
// for a datagram that is too long; os.ErrDeadlineExceeded; net.ErrClosed; other errors of the
// system.
func (p *PacketConn) WriteTo(b []byte, to net.Addr) (int, error) {
	a, err := p.target(to)
	if err != nil {
		return 0, p.failTo("write", to, err)
	}
	n, err := p.socket().Sendto(b, 0, a)
	return n, p.failTo("write", to, err)
}

// WriteToAddr is WriteTo with a sock.Addr. It allocates nothing.
func (p *PacketConn) WriteToAddr(b []byte, to sock.Addr) (int, error) {
	if p.remote != nil {
		return 0, p.failTo("write", to, net.ErrWriteToConnected)
	}
	n, err := p.socket().Sendto(b, 0, fit(p.socket().Family(), to))
	if err != nil {
		return n, p.failTo("write", to, err)
	}
	return n, nil
}

// target returns the address to which a datagram goes.
func (p *PacketConn) target(to net.Addr) (sock.Addr, error) {
	if p.remote != nil {
		return sock.Addr{}, net.ErrWriteToConnected
	}
	return sockAddr(p.socket().Family(), to)
}

// failTo is fail with the address that the caller gave.
func (p *PacketConn) failTo(op string, to net.Addr, err error) error {
	if err == nil {
		return nil
	}
	if isZero(p.socket()) {
		return errZero(op)
	}
	return &net.OpError{Op: op, Net: p.socket().Network(), Source: p.local, Addr: to, Err: lookupCause(err)}
}
