package sock

import (
	"encoding/binary"
	"net/netip"
)

// PktInfo holds the interface and the addresses of an IPv4 packet, received or to be sent:
// IP_PKTINFO, ip(7). It is received if IP_PKTINFO (on macOS IP_RECVPKTINFO) is set. On the BSDs
// that have IP_RECVDSTADDR instead, only the address is set.
//
//	struct in_pktinfo {                     <netinet/in.h> of Linux and macOS
//		unsigned int   ipi_ifindex;     // 0
//		struct in_addr ipi_spec_dst;    // 4
//		struct in_addr ipi_addr;        // 8
//	};
//	struct in_pktinfo { struct in_addr ipi_addr; unsigned int ipi_ifindex; };    of NetBSD and Windows
//	struct in_addr                                                                of IP_RECVDSTADDR
type PktInfo struct {
	// Interface is the index of the interface. To send, 0 lets the system choose.
	Interface int
	// Local is the address of this host. To send, it is the source address; the zero Addr lets the
	// system choose.
	Local netip.Addr
	// Dst is the destination in the packet's header, which may be a multicast group. It is not used
	// to send.
	Dst netip.Addr
}

// Control returns the item for sendmsg(2). If Local is not an IPv4 address, the data of the item is
// empty, and the system refuses it with EINVAL.
func (p PktInfo) Control() Control {
	local, ok := bytes4(p.Local)
	if !ok {
		return Control{IPPROTO_IP, numbers.pktinfo, nil}
	}
	e := binary.NativeEndian
	switch {
	case numbers.pktinfo == 0 && numbers.dstaddr != 0:
		return Control{IPPROTO_IP, numbers.dstaddr, local[:]}
	case numbers.pktinfoShort:
		return Control{IPPROTO_IP, numbers.pktinfo, e.AppendUint32(local[:4:4], uint32(p.Interface))}
	}
	b := e.AppendUint32(make([]byte, 0, 12), uint32(p.Interface))
	b = append(b, local[:]...)
	return Control{IPPROTO_IP, numbers.pktinfo, append(b, 0, 0, 0, 0)}
}

// PktInfo reads an item of the type IP_PKTINFO or IP_RECVDSTADDR.
func (c Control) PktInfo() (PktInfo, bool) {
	b := c.Data
	switch {
	case c.is(IPPROTO_IP, numbers.dstaddr) && len(b) == 4:
		a := netip.AddrFrom4([4]byte(b))
		return PktInfo{0, a, a}, true
	case c.is(IPPROTO_IP, numbers.pktinfo) && numbers.pktinfoShort && len(b) == 8:
		a := netip.AddrFrom4([4]byte(b))
		return PktInfo{int(binary.NativeEndian.Uint32(b[4:])), a, a}, true
	case c.is(IPPROTO_IP, numbers.pktinfo) && !numbers.pktinfoShort && len(b) == 12:
		return PktInfo{int(binary.NativeEndian.Uint32(b)), netip.AddrFrom4([4]byte(b[4:])), netip.AddrFrom4([4]byte(b[8:]))}, true
	}
	return PktInfo{}, false
}

// PktInfo6 holds the interface and the address of an IPv6 packet, received or to be sent:
// IPV6_PKTINFO, RFC 3542. It is received if IPV6_RECVPKTINFO is set.
//
//	struct in6_pktinfo {                      <netinet/in.h>
//		struct in6_addr ipi6_addr;        //  0
//		unsigned int    ipi6_ifindex;     // 16
//	};
type PktInfo6 struct {
	// Interface is the index of the interface. To send, 0 lets the system choose.
	Interface int
	// Addr is the destination in the packet's header. To send, it is the source address; the zero
	// Addr lets the system choose.
	Addr netip.Addr
}

// Control returns the IPV6_PKTINFO item for sendmsg(2). If Addr is not an IPv6 address, the data of
// the item is empty, and the system refuses it with EINVAL.
func (p PktInfo6) Control() Control {
	var a [16]byte
	switch {
	case p.Addr.Is6():
		a = p.Addr.As16()
	case p.Addr.IsValid():
		return Control{IPPROTO_IPV6, numbers.pktinfo6, nil}
	}
	return Control{IPPROTO_IPV6, numbers.pktinfo6, binary.NativeEndian.AppendUint32(append(make([]byte, 0, 20), a[:]...), uint32(p.Interface))}
}

// PktInfo6 reads an item of the type IPV6_PKTINFO.
func (c Control) PktInfo6() (PktInfo6, bool) {
	if !c.is(IPPROTO_IPV6, numbers.pktinfo6) || len(c.Data) != 20 {
		return PktInfo6{}, false
	}
	return PktInfo6{int(binary.NativeEndian.Uint32(c.Data[16:])), netip.AddrFrom16([16]byte(c.Data))}, true
}

// bytes4 returns an IPv4 address in the form of the system. The zero Addr becomes the wildcard.
func bytes4(a netip.Addr) (b [4]byte, ok bool) {
	switch {
	case a.Is4(), a.Is4In6():
		return a.As4(), true
	}
	return b, !a.IsValid()
}
