package netconn

import (
	"net"
	"net/netip"
	"runtime"

	"github.com/polluxio/pollux/families"
	"github.com/polluxio/pollux/sock"
)

// unnamedUnix are the addresses of Unix sockets without a name, as in package net on Linux. All
// such sockets share them, because most clients are such sockets.
var unnamedUnix = map[string]*net.UnixAddr{
	"unix":       {Name: "@", Net: "unix"},
	"unixgram":   {Name: "@", Net: "unixgram"},
	"unixpacket": {Name: "@", Net: "unixpacket"},
}

// netAddr returns an address of a socket of the network: a *net.TCPAddr, *net.UDPAddr, *net.IPAddr
// or *net.UnixAddr where package net has such a type, else the sock.Addr, which is comparable. The
// zero sock.Addr is a nil net.Addr.
func netAddr(network string, a sock.Addr) net.Addr {
	switch {
	case a.IsZero():
		return nil
	case a.Kind() == families.KindUnix && a.Path() == "" && runtime.GOOS == "linux":
		return unnamedUnix[network]
	}
	return a.NetAddr(network)
}

// sockAddr returns to as an address that a socket of the family can use. An IPv4 address becomes
// its IPv6 form for an IPv6 socket, and the other way round.
func sockAddr(family sock.Family, to net.Addr) (sock.Addr, error) {
	if to == nil {
		return sock.Addr{}, errNoAddr
	}
	a, err := families.FromNet(to)
	if err != nil {
		return a, err
	}
	return fit(family, a), nil
}

// fit is sockAddr for a sock.Addr. It allocates nothing.
func fit(family sock.Family, a sock.Addr) sock.Addr {
	ap := a.AddrPort()
	switch {
	case !ap.IsValid() || a.NeedsHost(): // the call that uses it returns its error
	case family == sock.AF_INET6 && a.Kind() == families.KindInet:
		ip := ap.Addr()
		if ip.IsUnspecified() {
			ip = netip.IPv6Unspecified()
		}
		return families.FromAddrPort(netip.AddrPortFrom(netip.AddrFrom16(ip.As16()), ap.Port()))
	case family == sock.AF_INET && ap.Addr().Is4In6():
		return families.FromAddrPort(netip.AddrPortFrom(ap.Addr().Unmap(), ap.Port()))
	}
	return a
}
