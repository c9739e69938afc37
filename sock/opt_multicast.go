package sock

import (
	"encoding/binary"
	"net"
	"net/netip"
	"runtime"
	"unsafe"
)

// Multicast. On an AF_INET socket a group and a source are IPv4 addresses, on an AF_INET6 socket
// IPv6 addresses; an interface is its index (IfNametoindex), and 0 is the system's choice. A socket
// that receives from a group is bound to its port, with SO_REUSEADDR if several are.

// JoinGroup makes the socket receive what any sender sends to the group on that interface: ip(7),
// ipv6(7).
//
//	struct ip_mreqn {                          <netinet/in.h>: IP_ADD_MEMBERSHIP
//		struct in_addr imr_multiaddr;      // 0
//		struct in_addr imr_address;        // 4
//		int            imr_ifindex;        // 8
//	};
//	struct ipv6_mreq {                         <netinet/in.h>: IPV6_JOIN_GROUP
//		struct in6_addr ipv6mr_multiaddr;  //  0
//		unsigned int    ipv6mr_interface;  // 16
//	};
//
// Errors: an *ArgError for an address of another family, or one that is not a group; ENODEV for an
// interface that does not exist; EADDRINUSE for a group that the socket has already joined; ENOBUFS
// for too many groups (IP_MAX_MEMBERSHIPS).
func (s *Socket) JoinGroup(group netip.Addr, ifindex int) error {
	return s.membership(group, ifindex, options.addMembership, IPV6_JOIN_GROUP)
}

// LeaveGroup undoes JoinGroup on the same interface. It also undoes what JoinSourceGroup and
// BlockSource have set there.
//
// Error: EADDRNOTAVAIL for a group that the socket has not joined.
func (s *Socket) LeaveGroup(group netip.Addr, ifindex int) error {
	return s.membership(group, ifindex, options.dropMembership, IPV6_LEAVE_GROUP)
}

func (s *Socket) membership(group netip.Addr, ifindex, name, name6 int) error {
	v6, err := s.multicast(group, ifindex)
	if err != nil {
		return err
	}
	if v6 {
		a := group.As16()
		return s.setOption("IPV6_JOIN_GROUP", IPPROTO_IPV6, name6, binary.NativeEndian.AppendUint32(a[:], uint32(ifindex)))
	}
	if !options.mreqn && !options.mreqIndex && ifindex != 0 {
		return s.fail("setsockopt", Addr{}, lacks("struct ip_mreqn"))
	}
	a := group.As4()
	return s.setOption("IP_ADD_MEMBERSHIP", IPPROTO_IP, name, mreqn(a[:], ifindex))
}

// mreqn encodes a struct ip_mreqn or, where the system lacks it, the struct ip_mreq that it begins
// with. In that struct, Windows reads an address 0.x.x.x as the index of an interface.
func mreqn(group []byte, ifindex int) []byte {
	b := append(make([]byte, 0, 12), group...)
	if !options.mreqn {
		return binary.BigEndian.AppendUint32(b, uint32(ifindex))
	}
	b = append(b, 0, 0, 0, 0)
	return binary.NativeEndian.AppendUint32(b, uint32(ifindex))
}

// interfaceOption encodes the value of IP_MULTICAST_IF for an index: a struct ip_mreqn, or 0.x.x.x.
func interfaceOption(ifindex int) []byte {
	b := mreqn(make([]byte, 4), ifindex)
	if !options.mreqn {
		b = b[4:]
	}
	return b
}

// JoinSourceGroup makes the socket receive what that source sends to the group, and nothing from
// other sources. Call it once for each source. MCAST_JOIN_SOURCE_GROUP, RFC 3678.
//
//	struct group_source_req {                       <netinet/in.h>
//		uint32_t                gsr_interface;  //   0
//		struct sockaddr_storage gsr_group;      //   8; 4 on Linux of 32 bits
//		struct sockaddr_storage gsr_source;     // 136; 132
//	};
//
// Errors: those of JoinGroup; EADDRNOTAVAIL for a source that the socket has already joined; EINVAL
// for a group that it has joined for all sources; errors.ErrUnsupported on NetBSD, OpenBSD,
// DragonFly and Windows.
func (s *Socket) JoinSourceGroup(group, source netip.Addr, ifindex int) error {
	return s.source("MCAST_JOIN_SOURCE_GROUP", options.joinSource, group, source, ifindex)
}

// LeaveSourceGroup undoes JoinSourceGroup. For errors see JoinSourceGroup.
func (s *Socket) LeaveSourceGroup(group, source netip.Addr, ifindex int) error {
	return s.source("MCAST_LEAVE_SOURCE_GROUP", options.leaveSource, group, source, ifindex)
}

// BlockSource stops receiving what that source sends to a group that the socket has joined with
// JoinGroup: MCAST_BLOCK_SOURCE, RFC 3678. For errors see JoinSourceGroup.
func (s *Socket) BlockSource(group, source netip.Addr, ifindex int) error {
	return s.source("MCAST_BLOCK_SOURCE", options.blockSource, group, source, ifindex)
}

// UnblockSource undoes BlockSource. For errors see JoinSourceGroup.
func (s *Socket) UnblockSource(group, source netip.Addr, ifindex int) error {
	return s.source("MCAST_UNBLOCK_SOURCE", options.unblockSource, group, source, ifindex)
}

func (s *Socket) source(what string, name int, group, source netip.Addr, ifindex int) error {
	v6, err := s.multicast(group, ifindex)
	if err != nil {
		return err
	}
	if source.Is4() == v6 || !source.IsValid() {
		return s.fail("setsockopt", Addr{}, &ArgError{ArgType, "source", source, "must be an address of the socket's family"})
	}
	level, host := IPPROTO_IP, Inet
	if v6 {
		level, host = IPPROTO_IPV6, Inet6
	}
	const storage = len(sockaddr{})
	align := storageAlignment(runtime.GOOS, runtime.GOARCH, int(unsafe.Sizeof(uintptr(0))))
	b := make([]byte, align+2*storage)
	binary.NativeEndian.PutUint32(b, uint32(ifindex))
	for i, a := range []netip.Addr{group, source} {
		o := s.newOp(0, nil)
		err := s.encode(o, host(a.WithZone("").String(), 0))
		copy(b[align+i*storage:], o.sa[:o.salen])
		o.done()
		if err != nil {
			return s.fail("setsockopt", Addr{}, err)
		}
	}
	return s.setOption(what, level, name, b)
}

// storageAlignment returns the alignment of a struct sockaddr_storage in a struct group_source_req,
// <netinet/in.h>. It is that of a pointer on Linux. Elsewhere it is that of an int64: 4 on 386, but
// 8 on Windows; and macOS packs the structure (#pragma pack(4)).
func storageAlignment(goos, goarch string, pointer int) int {
	switch {
	case goos == "darwin" || goos == "ios":
		return 4
	case goos == "linux" || goos == "android":
		return pointer
	case goarch == "386" && goos != "windows":
		return 4
	}
	return 8
}

// multicast checks a group and an interface.
func (s *Socket) multicast(group netip.Addr, ifindex int) (v6 bool, err error) {
	if v6, err = s.isInet6("setsockopt"); err != nil {
		return v6, err
	}
	if !group.IsMulticast() || group.Is4() == v6 {
		return v6, s.fail("setsockopt", Addr{}, &ArgError{ArgType, "group", group, "must be a multicast address of the socket's family"})
	}
	if ifindex < 0 || cInt("ifindex", ifindex) != nil {
		return v6, s.fail("setsockopt", Addr{}, &ArgError{ArgRange, "ifindex", ifindex, "must be the index of an interface, or 0"})
	}
	return v6, nil
}

// SetMulticastInterface selects the interface by which the socket sends to groups; with 0 the
// system selects one. IP_MULTICAST_IF or IPV6_MULTICAST_IF.
//
// Errors: ENODEV or EADDRNOTAVAIL for an interface that does not exist; EINVAL if the socket is
// bound to a different interface.
func (s *Socket) SetMulticastInterface(ifindex int) error {
	v6, err := s.isInet6("setsockopt")
	switch {
	case err != nil:
		return err
	case ifindex < 0 || cInt("ifindex", ifindex) != nil:
		return s.fail("setsockopt", Addr{}, &ArgError{ArgRange, "ifindex", ifindex, "must be the index of an interface, or 0"})
	case v6:
		return s.setInt("IPV6_MULTICAST_IF", IPPROTO_IPV6, IPV6_MULTICAST_IF, int32(ifindex))
	case !options.mreqn && !options.mreqIndex:
		return s.fail("setsockopt", Addr{}, lacks("struct ip_mreqn"))
	}
	return s.setOption("IP_MULTICAST_IF", IPPROTO_IP, IP_MULTICAST_IF, interfaceOption(ifindex))
}

// SetMulticastAddr is SetMulticastInterface with an address of the interface instead of its index.
// It serves AF_INET sockets only.
//
// Errors: an *ArgError for an address that is not IPv4, or for a socket of another family;
// EADDRNOTAVAIL for an address that no interface has.
func (s *Socket) SetMulticastAddr(a netip.Addr) error {
	if v6, err := s.isInet6("setsockopt"); err != nil {
		return err
	} else if v6 || !a.Is4() {
		return s.fail("setsockopt", Addr{}, &ArgError{ArgType, "address", a, "must be an IPv4 address, on an inet socket"})
	}
	return s.setOption("IP_MULTICAST_IF", IPPROTO_IP, IP_MULTICAST_IF, a.AsSlice())
}

// MulticastInterface returns the index that SetMulticastInterface or SetMulticastAddr has set, or
// 0. For an AF_INET socket the system reports only the address; this method looks it up among the
// addresses of the host.
func (s *Socket) MulticastInterface() (ifindex int, err error) {
	v6, err := s.isInet6("getsockopt")
	if err != nil {
		return 0, err
	}
	if v6 {
		return s.getInt("IPV6_MULTICAST_IF", IPPROTO_IPV6, IPV6_MULTICAST_IF)
	}
	var b [12]byte // a struct ip_mreqn on Linux 6.4, else a struct in_addr
	n, err := s.getOption("IP_MULTICAST_IF", IPPROTO_IP, IP_MULTICAST_IF, b[:], 4)
	if err != nil {
		return 0, err
	}
	if index := binary.NativeEndian.Uint32(b[8:]); n == len(b) && index != 0 {
		return int(index), nil
	}
	a := netip.AddrFrom4([4]byte(b[:]))
	if n == len(b) {
		a = netip.AddrFrom4([4]byte(b[4:]))
	}
	if a.IsUnspecified() {
		return 0, nil
	}
	if options.mreqIndex && b[0] == 0 {
		return int(binary.BigEndian.Uint32(b[:])), nil
	}
	list, err := net.Interfaces()
	for _, ifi := range list {
		addrs, _ := ifi.Addrs()
		for _, has := range addrs {
			if p, ok := has.(*net.IPNet); ok && p.IP.Equal(a.AsSlice()) {
				return ifi.Index, nil
			}
		}
	}
	return 0, s.fail("getsockopt", Addr{}, err)
}

// SetMulticastTTL sets the hop limit of what the socket sends to groups: 0 to 255. The default 1
// passes no router, n passes n-1 routers. IP_MULTICAST_TTL or IPV6_MULTICAST_HOPS.
func (s *Socket) SetMulticastTTL(ttl int) error {
	v6, err := s.isInet6("setsockopt")
	if err != nil {
		return err
	}
	if ttl < 0 || ttl > 255 {
		return s.fail("setsockopt", Addr{}, &ArgError{ArgRange, "ttl", ttl, "must be 0-255"})
	}
	return s.setMulticast(v6, IP_MULTICAST_TTL, IPV6_MULTICAST_HOPS, int32(ttl))
}

// MulticastTTL returns what SetMulticastTTL has set.
func (s *Socket) MulticastTTL() (int, error) {
	return s.getMulticast(IP_MULTICAST_TTL, IPV6_MULTICAST_HOPS)
}

// SetMulticastLoop sets whether sockets of this host receive what this socket sends to groups that
// they have joined; that includes this socket. It is on by default. On Windows the option belongs
// to the receiver. IP_MULTICAST_LOOP or IPV6_MULTICAST_LOOP.
func (s *Socket) SetMulticastLoop(on bool) error {
	v6, err := s.isInet6("setsockopt")
	if err != nil {
		return err
	}
	return s.setMulticast(v6, IP_MULTICAST_LOOP, IPV6_MULTICAST_LOOP, boolInt(on))
}

// MulticastLoop reports what SetMulticastLoop has set.
func (s *Socket) MulticastLoop() (bool, error) {
	v, err := s.getMulticast(IP_MULTICAST_LOOP, IPV6_MULTICAST_LOOP)
	return v != 0, err
}

func (s *Socket) setMulticast(v6 bool, name, name6 int, v int32) error {
	switch {
	case v6:
		return s.setInt("", IPPROTO_IPV6, name6, v)
	case options.multicastByte:
		return s.setOption("", IPPROTO_IP, name, []byte{byte(v)})
	}
	return s.setInt("", IPPROTO_IP, name, v)
}

func (s *Socket) getMulticast(name, name6 int) (int, error) {
	v6, err := s.isInet6("getsockopt")
	switch {
	case err != nil:
		return 0, err
	case v6:
		return s.getInt("", IPPROTO_IPV6, name6)
	case options.multicastByte:
		var b [1]byte
		_, err := s.getOption("", IPPROTO_IP, name, b[:], 1)
		return int(b[0]), err
	}
	return s.getInt("", IPPROTO_IP, name)
}
