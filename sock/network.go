package sock

import (
	"strings"

	"github.com/polluxio/pollux/families"
)

// IP protocols that have their own network name: <netinet/in.h>, <linux/in.h>. Some systems have no
// constants for them.
const (
	protoICMP    = 1
	protoTCP     = 6
	protoUDP     = 17
	protoICMPv6  = 58
	protoSCTP    = 132
	protoUDPLite = 136
	protoMPTCP   = 262
)

// Network returns the name of the socket's network. It is the name that package net uses: "tcp",
// "udp", "ip", "unix", "unixgram", "unixpacket". For other sockets it is the name of the address
// format and of the type: "vsock stream".
func (s *Socket) Network() string { return s.network() }

func (s *core) network() string {
	return networkOf(Family(s.family), Type(s.typ), Protocol(s.proto))
}

// networkOf returns the name of a kind of socket for errors, in the form of Socket.Network. A type
// of 0 and a family of AF_UNSPEC are unknown.
func networkOf(family Family, typ Type, proto Protocol) string {
	if family <= AF_UNSPEC {
		return ""
	}
	name := networkName(family)
	if f, ok := families.Host.Lookup(int(family), int(proto)); ok {
		name = f.Name()
	}
	typ &^= typeFlags
	if typ == 0 {
		return name
	}
	switch family {
	case AF_INET, AF_INET6:
		if name := inetNetwork(typ, proto); name != "" {
			return name
		}
	case AF_UNIX:
		switch typ {
		case SOCK_STREAM:
			return "unix"
		case SOCK_DGRAM:
			return "unixgram"
		case SOCK_SEQPACKET:
			return "unixpacket"
		}
	}
	return name + " " + strings.ToLower(strings.TrimPrefix(typ.String(), "SOCK_"))
}

// inetNetwork is networkOf for the internet families. It returns "" for a combination without a
// name.
func inetNetwork(typ Type, proto Protocol) string {
	switch typ {
	case SOCK_RAW:
		return "ip"
	case SOCK_STREAM:
		switch proto {
		case 0, protoTCP, protoMPTCP:
			return "tcp"
		case protoSCTP:
			return "sctp"
		}
	case SOCK_DGRAM:
		switch proto {
		case 0, protoUDP:
			return "udp"
		case protoUDPLite:
			return "udplite"
		case protoICMP, protoICMPv6:
			return "ping"
		}
	case SOCK_SEQPACKET:
		if proto == protoSCTP {
			return "sctp seqpacket"
		}
	}
	return ""
}
