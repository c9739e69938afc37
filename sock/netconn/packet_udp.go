package netconn

import (
	"net"
	"net/netip"

	"github.com/polluxio/pollux/families"
)

// These methods have the names that they have on a *net.UDPConn, because libraries look for them by
// interfaces of their own (golang.org/x/net/ipv4, quic-go). On a socket of another family they
// return nil or zero addresses.

// ReadFromUDP is ReadFrom with a *net.UDPAddr as the sender.
func (p *PacketConn) ReadFromUDP(b []byte) (int, *net.UDPAddr, error) {
	n, from, err := p.ReadFromUDPAddrPort(b)
	return n, udpAddr(from), err
}

// ReadFromUDPAddrPort is ReadFrom with a netip.AddrPort as the sender. It allocates nothing. On an
// IPv6 socket an IPv4 sender has the form ::ffff:a.b.c.d.
func (p *PacketConn) ReadFromUDPAddrPort(b []byte) (int, netip.AddrPort, error) {
	n, from, err := p.ReadFromAddr(b)
	return n, from.AddrPort(), err
}

// WriteToUDP is WriteTo.
func (p *PacketConn) WriteToUDP(b []byte, to *net.UDPAddr) (int, error) {
	if to == nil {
		return 0, p.failTo("write", nil, errNoAddr)
	}
	return p.WriteTo(b, to)
}

// WriteToUDPAddrPort is WriteTo. It allocates nothing.
func (p *PacketConn) WriteToUDPAddrPort(b []byte, to netip.AddrPort) (int, error) {
	if !to.IsValid() {
		return 0, p.failTo("write", nil, errNoAddr)
	}
	return p.WriteToAddr(b, families.FromAddrPort(to))
}

// ReadMsgUDP is ReadMsg with a *net.UDPAddr as the sender.
func (p *PacketConn) ReadMsgUDP(b, oob []byte) (n, oobn, flags int, from *net.UDPAddr, err error) {
	n, oobn, flags, a, err := p.ReadMsg(b, oob)
	return n, oobn, flags, udpAddr(a.AddrPort()), err
}

// ReadMsgUDPAddrPort is ReadMsg with a netip.AddrPort as the sender. It allocates nothing.
func (p *PacketConn) ReadMsgUDPAddrPort(b, oob []byte) (n, oobn, flags int, from netip.AddrPort, err error) {
	n, oobn, flags, a, err := p.ReadMsg(b, oob)
	return n, oobn, flags, a.AddrPort(), err
}

// WriteMsgUDP is WriteMsg, with the rules of WriteTo for to; a nil to is the peer.
func (p *PacketConn) WriteMsgUDP(b, oob []byte, to *net.UDPAddr) (n, oobn int, err error) {
	if to == nil {
		return p.WriteMsgUDPAddrPort(b, oob, netip.AddrPort{})
	}
	a, err := p.target(to)
	if err != nil {
		return 0, 0, p.failTo("write", to, err)
	}
	return p.WriteMsg(b, oob, a)
}

// WriteMsgUDPAddrPort is WriteMsg, with the rules of WriteTo for to; the zero one is the peer. It
// allocates nothing.
func (p *PacketConn) WriteMsgUDPAddrPort(b, oob []byte, to netip.AddrPort) (n, oobn int, err error) {
	switch connected := p.remote != nil; {
	case connected && to.IsValid():
		return 0, 0, p.failTo("write", net.UDPAddrFromAddrPort(to), net.ErrWriteToConnected)
	case !connected && !to.IsValid():
		return 0, 0, p.failTo("write", nil, errNoAddr)
	}
	return p.WriteMsg(b, oob, families.FromAddrPort(to))
}

// udpAddr returns nil for an address that is not valid.
func udpAddr(ap netip.AddrPort) *net.UDPAddr {
	if !ap.IsValid() {
		return nil
	}
	return net.UDPAddrFromAddrPort(ap)
}
