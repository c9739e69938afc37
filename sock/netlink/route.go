package netlink

import (
	"encoding/binary"
	"errors"
	"net"
	"net/netip"

	"github.com/polluxio/pollux/sock"
)

// This file has the network interfaces and their addresses, of NETLINK_ROUTE: rtnetlink(7).

// <linux/rtnetlink.h>, <linux/if_link.h>, <linux/if_addr.h>: the messages, groups and attributes
// that links and addresses need.
const (
	RTM_NEWLINK = 16
	RTM_DELLINK = 17
	RTM_GETLINK = 18
	RTM_SETLINK = 19
	RTM_NEWADDR = 20
	RTM_DELADDR = 21
	RTM_GETADDR = 22

	RTNLGRP_LINK        = 1 // for JoinGroup
	RTNLGRP_NEIGH       = 3
	RTNLGRP_IPV4_IFADDR = 5
	RTNLGRP_IPV4_ROUTE  = 7
	RTNLGRP_IPV6_IFADDR = 9
	RTNLGRP_IPV6_ROUTE  = 11

	RTMGRP_LINK        = 0x1 // for the groups of an address
	RTMGRP_NEIGH       = 0x4
	RTMGRP_IPV4_IFADDR = 0x10
	RTMGRP_IPV4_ROUTE  = 0x40
	RTMGRP_IPV6_IFADDR = 0x100
	RTMGRP_IPV6_ROUTE  = 0x400

	IFLA_ADDRESS     = 1
	IFLA_BROADCAST   = 2
	IFLA_IFNAME      = 3
	IFLA_MTU         = 4
	IFLA_LINK        = 5
	IFLA_MASTER      = 10
	IFLA_TXQLEN      = 13
	IFLA_OPERSTATE   = 16
	IFLA_LINKINFO    = 18
	IFLA_NET_NS_PID  = 19
	IFLA_NET_NS_FD   = 28
	IFLA_PROMISCUITY = 30
	IFLA_INFO_KIND   = 1 // within IFLA_LINKINFO
	IFLA_INFO_DATA   = 2
	VETH_INFO_PEER   = 1 // <linux/veth.h>, within IFLA_INFO_DATA
	IFA_ADDRESS      = 1
	IFA_LOCAL        = 2
	IFA_LABEL        = 3
	IFA_BROADCAST    = 4
	IFA_CACHEINFO    = 6
	IFA_FLAGS        = 8
	ifinfomsgLen     = 16
	ifaddrmsgLen     = 8
	ifaCacheinfoLen  = 16
	familyUnspec     = 0
	linuxFamilyInet  = 2
	linuxFamilyInet6 = 10
)

// Flags of a Link: <linux/if.h>.
const (
	IFF_UP          = 0x1
	IFF_BROADCAST   = 0x2
	IFF_LOOPBACK    = 0x8
	IFF_POINTOPOINT = 0x10
	IFF_RUNNING     = 0x40
	IFF_NOARP       = 0x80
	IFF_PROMISC     = 0x100
	IFF_ALLMULTI    = 0x200
	IFF_MULTICAST   = 0x1000
	IFF_LOWER_UP    = 0x10000
)

// A Link is a network interface.
type Link struct {
	Index     int
	Name      string
	Type      uint16 // ARPHRD_* of <linux/if_arp.h>: 1 is Ethernet, 772 the loopback
	Flags     uint32 // IFF_*
	Change    uint32 // the flags that changed, in a notice; 0 in lists
	Address   net.HardwareAddr
	Broadcast net.HardwareAddr
	MTU       int
	TxQueue   int // packets
	Lower     int // the index of the link below a VLAN, or of the other end of a veth; or 0
	Master    int // the index of the bridge or bond that it belongs to, or 0
	// How many sockets and bridges make it promiscuous; IFF_PROMISC is only set by ip link set …
	// promisc on.
	Promisc   int
	OperState uint8  // IF_OPER_* of <linux/if.h>: 6 is up, 2 down
	Kind      string // "veth", "bridge", …; "" for hardware and the loopback
}

// Up reports whether the link is switched on. Running also needs a carrier.
func (l Link) Up() bool { return l.Flags&IFF_UP != 0 }

// Running reports whether the link can carry packets.
func (l Link) Running() bool { return l.Flags&IFF_RUNNING != 0 }

// ParseLink reads a message of type RTM_NEWLINK or RTM_DELLINK. It keeps no part of the message.
//
// Error: a *FormatError for a message that was cut; a *sock.ArgError for another type.
func ParseLink(m Message) (Link, error) {
	//	struct ifinfomsg {
	//		unsigned char  ifi_family;   //  0
	//		unsigned char  __ifi_pad;    //  1
	//		unsigned short ifi_type;     //  2
	//		int            ifi_index;    //  4
	//		unsigned       ifi_flags;    //  8
	//		unsigned       ifi_change;   // 12
	//	};                               // 16
	if m.Type != RTM_NEWLINK && m.Type != RTM_DELLINK {
		return Link{}, &sock.ArgError{Kind: sock.ArgUnknown, Arg: "type", Value: m.Type, Rule: "must be RTM_NEWLINK or RTM_DELLINK"}
	}
	b := m.Data
	if len(b) < ifinfomsgLen {
		return Link{}, &FormatError{"link", len(b), ifinfomsgLen}
	}
	l := Link{
		Type:   binary.NativeEndian.Uint16(b[2:]),
		Index:  int(int32(binary.NativeEndian.Uint32(b[4:]))),
		Flags:  binary.NativeEndian.Uint32(b[8:]),
		Change: binary.NativeEndian.Uint32(b[12:]),
	}
	for a, err := range Attrs(b[ifinfomsgLen:]) {
		if err != nil {
			return l, err
		}
		n, _ := a.Uint32()
		switch a.Type {
		case IFLA_ADDRESS:
			l.Address = append(net.HardwareAddr(nil), a.Data...)
		case IFLA_BROADCAST:
			l.Broadcast = append(net.HardwareAddr(nil), a.Data...)
		case IFLA_IFNAME:
			l.Name = a.Text()
		case IFLA_MTU:
			l.MTU = int(n)
		case IFLA_LINK:
			l.Lower = int(int32(n))
		case IFLA_MASTER:
			l.Master = int(int32(n))
		case IFLA_PROMISCUITY:
			l.Promisc = int(n)
		case IFLA_TXQLEN:
			l.TxQueue = int(n)
		case IFLA_OPERSTATE:
			l.OperState, _ = a.Uint8()
		case IFLA_LINKINFO:
			for info, err := range a.Attrs() {
				if err != nil {
					return l, err
				}
				if info.Type == IFLA_INFO_KIND {
					l.Kind = info.Text()
				}
			}
		}
	}
	return l, nil
}

// LinkHeader returns the struct ifinfomsg at the start of a message about a link. index 0 is a new
// link, or all links. flags are IFF_*; only those in change count.
func LinkHeader(index int, flags, change uint32) []byte {
	b := make([]byte, ifinfomsgLen)
	binary.NativeEndian.PutUint32(b[4:], uint32(index))
	binary.NativeEndian.PutUint32(b[8:], flags)
	binary.NativeEndian.PutUint32(b[12:], change)
	return b
}

// A LinkAddress is the address of a network interface.
type LinkAddress struct {
	Index     int          // of the link
	Prefix    netip.Prefix // the address, and the length of the network's part
	Peer      netip.Addr   // the other end of a point-to-point link; else zero
	Broadcast netip.Addr   // zero without one
	Label     string       // of IPv4: the interface's name, with a suffix where one was set
	// RT_SCOPE_* of <linux/rtnetlink.h>: 0 the universe, 253 the link, 254 the host.
	Scope     uint8
	Flags     uint32 // IFA_F_* of <linux/if_addr.h>
	Valid     uint32 // the seconds left until it is removed; 0xffffffff is forever
	Preferred uint32 // the seconds left in which new connections use it
}

// ParseLinkAddress reads a message of type RTM_NEWADDR or RTM_DELADDR. It keeps no part of the
// message.
//
// Error: a *FormatError for a message that was cut; a *sock.ArgError for another type, and for an
// address other than IPv4 or IPv6.
func ParseLinkAddress(m Message) (LinkAddress, error) {
	//	struct ifaddrmsg {
	//		__u8  ifa_family;       // 0
	//		__u8  ifa_prefixlen;    // 1
	//		__u8  ifa_flags;        // 2
	//		__u8  ifa_scope;        // 3
	//		__u32 ifa_index;        // 4
	//	};                          // 8
	//	struct ifa_cacheinfo { __u32 ifa_prefered, ifa_valid, cstamp, tstamp; };
	if m.Type != RTM_NEWADDR && m.Type != RTM_DELADDR {
		return LinkAddress{}, &sock.ArgError{Kind: sock.ArgUnknown, Arg: "type", Value: m.Type, Rule: "must be RTM_NEWADDR or RTM_DELADDR"}
	}
	b := m.Data
	if len(b) < ifaddrmsgLen {
		return LinkAddress{}, &FormatError{"address", len(b), ifaddrmsgLen}
	}
	if b[0] != linuxFamilyInet && b[0] != linuxFamilyInet6 {
		return LinkAddress{}, &sock.ArgError{Kind: sock.ArgUnknown, Arg: "family", Value: b[0], Rule: "must be AF_INET or AF_INET6"}
	}
	a := LinkAddress{Index: int(int32(binary.NativeEndian.Uint32(b[4:]))), Flags: uint32(b[2]), Scope: b[3]}
	var local, address netip.Addr
	for attr, err := range Attrs(b[ifaddrmsgLen:]) {
		if err != nil {
			return a, err
		}
		ip, _ := netip.AddrFromSlice(attr.Data)
		switch attr.Type {
		case IFA_ADDRESS:
			address = ip
		case IFA_LOCAL:
			local = ip
		case IFA_BROADCAST:
			a.Broadcast = ip
		case IFA_LABEL:
			a.Label = attr.Text()
		case IFA_FLAGS:
			a.Flags, _ = attr.Uint32()
		case IFA_CACHEINFO:
			if len(attr.Data) >= ifaCacheinfoLen {
				a.Preferred = binary.NativeEndian.Uint32(attr.Data)
				a.Valid = binary.NativeEndian.Uint32(attr.Data[4:])
			}
		}
	}
	// rtnetlink(7): IFA_ADDRESS is the interface's own address, or the peer's if IFA_LOCAL differs
	// from it.
	switch {
	case !local.IsValid():
		local = address
	case local != address:
		a.Peer = address
	}
	a.Prefix = netip.PrefixFrom(local, int(b[1]))
	return a, nil
}

// LinkAddressHeader returns the struct ifaddrmsg at the start of a message about an address. family
// is AF_INET or AF_INET6, or AF_UNSPEC to ask for both. bits is the length of the network's part.
func LinkAddressHeader(family, bits, index int) []byte {
	b := make([]byte, ifaddrmsgLen)
	b[0], b[1] = uint8(family), uint8(bits)
	binary.NativeEndian.PutUint32(b[4:], uint32(index))
	return b
}

// Links lists all network interfaces in the namespace of a NETLINK_ROUTE socket. If the list
// changed during the request, it asks again.
//
// Errors: those of Do. ErrOverrun comes beside the list, which is complete.
func Links(s *sock.Socket) ([]Link, error) {
	return list(s, Request{Type: RTM_GETLINK, Flags: NLM_F_DUMP, Data: LinkHeader(0, 0, 0)}, RTM_NEWLINK, ParseLink)
}

// LinkAddresses lists the IPv4 and IPv6 addresses of all network interfaces. See Links.
func LinkAddresses(s *sock.Socket) ([]LinkAddress, error) {
	return list(s, Request{Type: RTM_GETADDR, Flags: NLM_F_DUMP, Data: LinkAddressHeader(familyUnspec, 0, 0)}, RTM_NEWADDR, ParseLinkAddress)
}

// tries is how often a list is requested before Links gives up, because the list changes each time.
const tries = 10

func list[T any](s *sock.Socket, r Request, typ uint16, read func(Message) (T, error)) (list []T, err error) {
	for range tries {
		list = list[:0]
		for m, failed := range Do(s, r) {
			if err = failed; err != nil {
				break
			}
			if m.Type != typ {
				continue
			}
			item, bad := read(m)
			var other *sock.ArgError
			if errors.As(bad, &other) { // an address of a family beyond IP, such as AF_MCTP
				continue
			}
			if bad != nil {
				return nil, s.OpError("netlink", sock.Addr{}, bad)
			}
			list = append(list, item)
		}
		if !errors.Is(err, ErrInterrupted) {
			break
		}
	}
	if err != nil && !errors.Is(err, ErrOverrun) {
		return nil, err
	}
	return list, err
}
