package families

import (
	"fmt"
	"net"
	"net/netip"
	"strconv"
	"strings"
)

var _ net.Addr = Addr{}

// FromNet returns an address of package net as an Addr. na is a *net.TCPAddr, *net.UDPAddr,
// *net.IPAddr, *net.UnixAddr or an Addr.
//
// Package net does not tell an IPv4 address from its IPv6 form, so both give inet. An address
// without an IP gives the wildcard address of inet. In a unix address, a leading @ becomes the NUL
// of an abstract name. A single @ gives the empty path: package net reports it for a socket that is
// not bound.
func FromNet(na net.Addr) (Addr, error) {
	switch na := na.(type) {
	case Addr:
		return na, nil
	case *net.TCPAddr:
		if na != nil {
			return fromNetIP(na.IP, na.Port, na.Zone)
		}
	case *net.UDPAddr:
		if na != nil {
			return fromNetIP(na.IP, na.Port, na.Zone)
		}
	case *net.IPAddr:
		if na != nil {
			return fromNetIP(na.IP, 0, na.Zone)
		}
	case *net.UnixAddr:
		if na != nil {
			return fromNetUnix(na.Name), nil
		}
	}
	return Addr{}, &AddrError{Value: fmt.Sprintf("%T", na), Rule: ErrSyntax}
}

func fromNetIP(ip net.IP, port int, zone string) (Addr, error) {
	if len(ip) == 0 {
		return Inet("", port), nil
	}
	addr, ok := netip.AddrFromSlice(ip)
	if !ok {
		return Addr{}, &AddrError{Value: "an IP of " + plural(len(ip)), Rule: ErrSyntax}
	}
	return fromIP(addr.Unmap().WithZone(zone), port), nil
}

func fromNetUnix(name string) Addr {
	switch {
	case name == "@":
		return Unix("")
	case strings.HasPrefix(name, "@"):
		return Unix("\x00" + name[1:])
	}
	return Unix(name)
}

// NetAddr returns a as an address of package net for that network: a *net.TCPAddr for "tcp", "tcp4"
// and "tcp6", and so on. It returns a itself if package net has no such address: for another kind,
// for a host name, and for another network.
func (a Addr) NetAddr(network string) net.Addr {
	if a.kind == KindUnix {
		switch network {
		case "unix", "unixgram", "unixpacket":
			name := a.text
			if strings.HasPrefix(name, "\x00") {
				name = "@" + name[1:]
			}
			return &net.UnixAddr{Name: name, Net: network}
		}
		return a
	}
	if !a.isIP() || a.form != hostIP && a.form != hostZone {
		return a
	}
	ip, zone := net.IP(a.ip().AsSlice()), a.Zone()
	if a.b != 0 {
		zone = strconv.FormatUint(uint64(a.b), 10)
	}
	network, _, _ = strings.Cut(network, ":") // "ip4:icmp"
	switch network {
	case "tcp", "tcp4", "tcp6", "mptcp", "mptcp4", "mptcp6": // package net calls Multipath TCP tcp
		return &net.TCPAddr{IP: ip, Port: a.port, Zone: zone}
	case "udp", "udp4", "udp6":
		return &net.UDPAddr{IP: ip, Port: a.port, Zone: zone}
	case "ip", "ip4", "ip6":
		return &net.IPAddr{IP: ip, Zone: zone}
	}
	return a
}
