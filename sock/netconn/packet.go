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

// A PacketConn is a socket of datagrams (or of any other type) of any family as a net.PacketConn
// and, once it is connected, as a net.Conn. Any number of goroutines may use it at once.
//
// A datagram that has no room where it is received is cut, and the rest is lost. An empty one is
// received as 0 bytes and no error.
type PacketConn struct{ conn }

var (
	_ net.PacketConn = (*PacketConn)(nil)
	_ net.Conn       = (*PacketConn)(nil)
	_ syscall.Conn   = (*PacketConn)(nil)
)

// NewPacketConn makes a PacketConn of a socket of any family. It owns the socket from then on, sets
// its timeout to sock.Forever, and waits as the view s does. No option of the socket is changed.
//
// Errors, in which the socket is the caller's still: net.ErrClosed; an *ArgError for a nil s and
// for a stream socket, which [New] takes.
func NewPacketConn(s *sock.Socket) (*PacketConn, error) {
	if s == nil {
		return nil, failure("new", nil, &ArgError{Kind: sock.ArgMissing, Arg: "s", Value: nil, Rule: "must not be nil"})
	}
	if s.Type() == sock.SOCK_STREAM {
		return nil, failure("new", s, &ArgError{Kind: sock.ArgType, Arg: "type", Value: s.Type(), Rule: "a stream has no packets: use New"})
	}
	peer, err := s.Getpeername()
	if errors.Is(err, net.ErrClosed) {
		return nil, failure("new", s, err)
	}
	if peer == families.Netlink(0, 0) {
		peer = sock.Addr{} // the kernel, which every netlink socket has as its peer before connect(2)
	}
	return newPacketConn(s, peer)
}

// newPacketConn makes the PacketConn of a socket whose peer is known, or zero.
func newPacketConn(s *sock.Socket, peer sock.Addr) (*PacketConn, error) {
	c, err := wrap(s, nil, peer)
	if err != nil {
		return nil, err
	}
	return &PacketConn{c}, nil
}

// PacketConnFrom takes over a live net.PacketConn that has a descriptor, as those of package net
// have: it makes a PacketConn of it, and closes p, which must be in no use. Deadlines are not taken
// over.
//
// Errors, in which p is as it was: an *ArgError for a p without a descriptor; those of
// NewPacketConn.
func PacketConnFrom(p net.PacketConn) (*PacketConn, error) {
	s, err := socketOf(p)
	if err != nil {
		return nil, err
	}
	return replacing(p, s, NewPacketConn)
}

// PacketConnFromFile takes over a file that is a datagram socket: it makes a PacketConn of it, and
// closes f.
//
// Errors, in which f is as it was: ENOTSOCK; those of NewPacketConn.
func PacketConnFromFile(f *os.File) (*PacketConn, error) {
	s, err := socketOf(f)
	if err != nil {
		return nil, err
	}
	return replacing(f, s, NewPacketConn)
}

// In returns the socket for the task: its calls suspend the task. See Conn.In.
func (p *PacketConn) In(t *loop.Task) *PacketConn { return &PacketConn{p.view(p.s.In(t))} }

// With returns the socket with calls that end with the cause of ctx when ctx ends. See Conn.With.
func (p *PacketConn) With(ctx context.Context) *PacketConn {
	return &PacketConn{p.view(p.s.With(ctx))}
}

// Write sends b to the peer of a connected socket, as one datagram.
//
// Errors: EDESTADDRREQ for a socket that is not connected; else those of WriteTo.
func (p *PacketConn) Write(b []byte) (int, error) {
	n, err := p.s.Send(b, 0)
	if err != nil {
		return n, p.fail("write", err)
	}
	return n, nil
}

// ReadFrom receives a datagram into b. It reports how many bytes there were room for, and the
// sender: a *net.UDPAddr, *net.IPAddr or *net.UnixAddr where package net has such a type, else a
// sock.Addr. A Unix sender without a name is as in package net, any other that the system does not
// name is nil.
//
// Errors: os.ErrDeadlineExceeded, net.ErrClosed, and what the system says: of a connected socket
// ECONNREFUSED, since the peer has no socket there.
func (p *PacketConn) ReadFrom(b []byte) (int, net.Addr, error) {
	n, from, err := p.s.RecvfromInto(b, 0)
	if err != nil {
		return 0, nil, p.fail("read", err)
	}
	return n, netAddr(p.s.Network(), from), nil
}

// ReadFromAddr is ReadFrom with the sender as package sock has it. It allocates nothing.
func (p *PacketConn) ReadFromAddr(b []byte) (int, sock.Addr, error) {
	n, from, err := p.s.RecvfromInto(b, 0)
	if err != nil {
		return 0, from, p.fail("read", err)
	}
	return n, from, nil
}

// WriteTo sends b as one datagram. to is an address of package net or a sock.Addr; IPv4 and IPv6
// forms of an address are the same.
//
// Errors: a *net.AddrError for a nil to; net.ErrWriteToConnected for a connected socket; EMSGSIZE
// for a datagram that is too long; os.ErrDeadlineExceeded, net.ErrClosed, and what else the system
// says.
func (p *PacketConn) WriteTo(b []byte, to net.Addr) (int, error) {
	a, err := p.target(to)
	if err != nil {
		return 0, p.failTo("write", to, err)
	}
	n, err := p.s.Sendto(b, 0, a)
	return n, p.failTo("write", to, err)
}

// WriteToAddr is WriteTo with an address as package sock has it. It allocates nothing.
func (p *PacketConn) WriteToAddr(b []byte, to sock.Addr) (int, error) {
	if p.remote != nil {
		return 0, p.failTo("write", to, net.ErrWriteToConnected)
	}
	n, err := p.s.Sendto(b, 0, fit(p.s.Family(), to))
	if err != nil {
		return n, p.failTo("write", to, err)
	}
	return n, nil
}

// target is where a datagram goes.
func (p *PacketConn) target(to net.Addr) (sock.Addr, error) {
	if p.remote != nil {
		return sock.Addr{}, net.ErrWriteToConnected
	}
	return sockAddr(p.s.Family(), to)
}

// failTo is fail with the address that the call was given.
func (p *PacketConn) failTo(op string, to net.Addr, err error) error {
	if err == nil {
		return nil
	}
	return &net.OpError{Op: op, Net: p.s.Network(), Source: p.local, Addr: to, Err: lookupCause(err)}
}
