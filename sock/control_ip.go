package sock

import "github.com/polluxio/pollux/families"

// Ancillary data that holds fields of the header of an IP packet, received or to be sent.

// TTL is the time to live of an IPv4 packet, 1 to 255. It is received if IP_RECVTTL is set, and can
// be sent. Data: a C int; on the BSDs an unsigned char.
type TTL int

// Control returns the IP_TTL item for sendmsg(2).
func (t TTL) Control() Control { return IntsControl(IPPROTO_IP, IP_TTL, int(t)) }

// TTL reads an item of the type IP_TTL (Linux) or IP_RECVTTL (the BSDs).
func (c Control) TTL() (TTL, bool) {
	v, ok := c.intOrByte(IPPROTO_IP, IP_TTL, numbers.ttl)
	return TTL(v), ok
}

// TOS is the type of service of an IPv4 packet, 0 to 255; two of its bits are ECN. It is received
// if IP_RECVTOS is set, and can be sent. Data: a C int when sent, an unsigned char when received.
type TOS int

// Control returns the IP_TOS item for sendmsg(2).
func (t TOS) Control() Control { return IntsControl(IPPROTO_IP, IP_TOS, int(t)) }

// TOS reads an item of the type IP_TOS (Linux) or IP_RECVTOS (the BSDs).
func (c Control) TOS() (TOS, bool) {
	v, ok := c.intOrByte(IPPROTO_IP, IP_TOS, numbers.tos)
	return TOS(v), ok
}

// HopLimit is the hop limit of an IPv6 packet, 0 to 255. To send, -1 is the system's default. It is
// received if IPV6_RECVHOPLIMIT is set, and can be sent. Data: a C int. RFC 3542.
type HopLimit int

// Control returns the IPV6_HOPLIMIT item for sendmsg(2).
func (h HopLimit) Control() Control { return IntsControl(IPPROTO_IPV6, numbers.hoplimit, int(h)) }

// HopLimit reads an item of the type IPV6_HOPLIMIT.
func (c Control) HopLimit() (HopLimit, bool) {
	v, ok := c.uint32(IPPROTO_IPV6, numbers.hoplimit)
	return HopLimit(int32(v)), ok
}

// TrafficClass is the traffic class of an IPv6 packet, 0 to 255. To send, -1 is the system's
// default. It is received if IPV6_RECVTCLASS is set, and can be sent. Data: a C int. RFC 3542.
type TrafficClass int

// Control returns the IPV6_TCLASS item for sendmsg(2).
func (t TrafficClass) Control() Control { return IntsControl(IPPROTO_IPV6, numbers.tclass, int(t)) }

// TrafficClass reads an item of the type IPV6_TCLASS.
func (c Control) TrafficClass() (TrafficClass, bool) {
	v, ok := c.uint32(IPPROTO_IPV6, numbers.tclass)
	return TrafficClass(int32(v)), ok
}

// intOrByte reads an item of the type typ or other, whose data is a C int or one byte.
func (c Control) intOrByte(level, typ, other int) (int, bool) {
	if c.Level != level || c.Type != typ && !c.is(level, other) {
		return 0, false
	}
	if len(c.Data) == 1 {
		return int(c.Data[0]), true
	}
	v, ok := c.uint32(c.Level, c.Type)
	return int(int32(v)), ok
}

// OrigDstAddr reads an item of the type IP_ORIGDSTADDR or IPV6_ORIGDSTADDR: the destination of a
// datagram before the host redirected it to this socket (TPROXY). It is received if
// IP_RECVORIGDSTADDR or IPV6_RECVORIGDSTADDR is set, on Linux and FreeBSD. Data: a struct
// sockaddr_in or sockaddr_in6.
func (c Control) OrigDstAddr() (Addr, bool) {
	if !c.is(IPPROTO_IP, numbers.origdst) && !c.is(IPPROTO_IPV6, numbers.origdst6) {
		return Addr{}, false
	}
	return inetSockaddr(c.Data)
}

// The lengths of struct sockaddr_in and sockaddr_in6, <netinet/in.h>.
const (
	sockaddrInet  = 16
	sockaddrInet6 = 28
)

// inetSockaddr reads the internet address at the start of b.
func inetSockaddr(b []byte) (Addr, bool) {
	var a Addr
	err := error(families.ErrBadFamily)
	if len(b) >= 2 {
		switch family := sockaddrFamily(b); {
		case family == AF_INET && len(b) >= sockaddrInet:
			a, err = families.Host.Decode(int(family), 0, b[:sockaddrInet])
		case family == AF_INET6 && len(b) >= sockaddrInet6:
			a, err = families.Host.Decode(int(family), 0, b[:sockaddrInet6])
		}
	}
	return a, err == nil
}
