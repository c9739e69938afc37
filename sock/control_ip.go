package sock

import "github.com/polluxio/pollux/families"

// What the header of an IP packet says, and what a socket may say of the header of one packet.

// TTL is the time to live of an IPv4 packet, 1 to 255: it comes if IP_RECVTTL is set, and can be
// sent. Data: a C int; on the BSDs an unsigned char.
type TTL int

// Control is the item that sendmsg(2) takes: IP_TTL.
func (t TTL) Control() Control { return IntsControl(IPPROTO_IP, IP_TTL, int(t)) }

// TTL reads an item of the type IP_TTL (Linux) or IP_RECVTTL (the BSDs).
func (c Control) TTL() (TTL, bool) {
	v, ok := c.intOrByte(IPPROTO_IP, IP_TTL, numbers.ttl)
	return TTL(v), ok
}

// TOS is the type of service of an IPv4 packet, 0 to 255, of which two bits are ECN: it comes if
// IP_RECVTOS is set, and can be sent. Data: a C int when sent, an unsigned char when received.
type TOS int

// Control is the item that sendmsg(2) takes: IP_TOS.
func (t TOS) Control() Control { return IntsControl(IPPROTO_IP, IP_TOS, int(t)) }

// TOS reads an item of the type IP_TOS (Linux) or IP_RECVTOS (the BSDs).
func (c Control) TOS() (TOS, bool) {
	v, ok := c.intOrByte(IPPROTO_IP, IP_TOS, numbers.tos)
	return TOS(v), ok
}

// HopLimit is that of an IPv6 packet, 0 to 255, or -1 to send with the system's own: it comes if
// IPV6_RECVHOPLIMIT is set, and can be sent. Data: a C int. RFC 3542.
type HopLimit int

// Control is the item that sendmsg(2) takes: IPV6_HOPLIMIT.
func (h HopLimit) Control() Control { return IntsControl(IPPROTO_IPV6, numbers.hoplimit, int(h)) }

// HopLimit reads an item of the type IPV6_HOPLIMIT.
func (c Control) HopLimit() (HopLimit, bool) {
	v, ok := c.uint32(IPPROTO_IPV6, numbers.hoplimit)
	return HopLimit(int32(v)), ok
}

// TrafficClass is that of an IPv6 packet, 0 to 255, or -1 to send with the system's own: it comes
// if IPV6_RECVTCLASS is set, and can be sent. Data: a C int. RFC 3542.
type TrafficClass int

// Control is the item that sendmsg(2) takes: IPV6_TCLASS.
func (t TrafficClass) Control() Control { return IntsControl(IPPROTO_IPV6, numbers.tclass, int(t)) }

// TrafficClass reads an item of the type IPV6_TCLASS.
func (c Control) TrafficClass() (TrafficClass, bool) {
	v, ok := c.uint32(IPPROTO_IPV6, numbers.tclass)
	return TrafficClass(int32(v)), ok
}

// intOrByte reads an item of either type.
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

// OrigDstAddr reads an item of the type IP_ORIGDSTADDR or IPV6_ORIGDSTADDR: where a datagram was
// going before the host turned it to this socket (TPROXY). It comes if IP_RECVORIGDSTADDR or
// IPV6_RECVORIGDSTADDR is set, on Linux. Data: a struct sockaddr_in or sockaddr_in6.
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

// inetSockaddr reads a sockaddr of the internet families that b begins with.
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
