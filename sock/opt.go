package sock

import (
	"encoding/binary"
	"fmt"
	"runtime"
	"time"
)

// Options whose value is a structure, or differs between IPv4 and IPv6, or between systems, have
// methods: one file opt_*.go for each level. All others are for Getsockopt and Setsockopt. Where a
// system lacks an option its method gives errors.ErrUnsupported.

// optionNumbers are the options of the methods that not all systems have; 0 is one that a system
// lacks.
type optionNumbers struct {
	// SOL_SOCKET, <sys/socket.h>
	linger       int  // SO_LINGER in seconds
	lingerShort  bool // whose fields are two unsigned short
	timeval      int  // the length of a struct timeval
	peercred     int  // SO_PEERCRED
	peerpidfd    int  // SO_PEERPIDFD
	bindtodevice int  // SO_BINDTODEVICE

	// IPPROTO_IP and IPPROTO_IPV6, <netinet/in.h>
	recverr, recverr6 int  // IP_RECVERR, IPV6_RECVERR
	mreqn             bool // IP_ADD_MEMBERSHIP and IP_MULTICAST_IF take a struct ip_mreqn
	mreqIndex         bool // their struct ip_mreq takes 0.x.x.x for the interface with that index
	addMembership     int  // IP_ADD_MEMBERSHIP
	dropMembership    int  // IP_DROP_MEMBERSHIP
	multicastByte     bool // IP_MULTICAST_TTL and IP_MULTICAST_LOOP are an unsigned char
	blockSource       int  // MCAST_BLOCK_SOURCE
	unblockSource     int  // MCAST_UNBLOCK_SOURCE
	joinSource        int  // MCAST_JOIN_SOURCE_GROUP
	leaveSource       int  // MCAST_LEAVE_SOURCE_GROUP

	// IPPROTO_TCP, <netinet/tcp.h>
	tcpInfo, congestion, ulp, userTimeout int // TCP_INFO as Linux has it, TCP_CONGESTION, TCP_ULP, TCP_USER_TIMEOUT
	keepIdle, keepInterval, keepCount     int // TCP_KEEPIDLE, TCP_KEEPINTVL, TCP_KEEPCNT

	udp bool // UDP_SEGMENT and UDP_GRO
}

var optionNumbersOf = map[string]optionNumbers{
	"linux": {
		linger: 13, timeval: 2 * controlAlign, peercred: 17, peerpidfd: 77, bindtodevice: 25,
		recverr: 11, recverr6: 25, mreqn: true, addMembership: 35, dropMembership: 36,
		blockSource: 43, unblockSource: 44, joinSource: 46, leaveSource: 47,
		tcpInfo: 11, congestion: 13, ulp: 31, userTimeout: 18, keepIdle: 4, keepInterval: 5, keepCount: 6,
		udp: true,
	},
	"darwin": {
		linger: 0x1080, timeval: 16, mreqn: true, addMembership: 12, dropMembership: 13, multicastByte: true, // SO_LINGER_SEC
		blockSource: 84, unblockSource: 85, joinSource: 82, leaveSource: 83,
		keepIdle: 0x10, keepInterval: 0x101, keepCount: 0x102,
	},
	"freebsd": {
		linger: 0x80, timeval: 16, mreqn: true, addMembership: 12, dropMembership: 13, multicastByte: true,
		blockSource: 84, unblockSource: 85, joinSource: 82, leaveSource: 83,
		congestion: 64, keepIdle: 0x100, keepInterval: 0x200, keepCount: 0x400,
	},
	"netbsd": {
		linger: 0x80, timeval: 16, addMembership: 12, dropMembership: 13, multicastByte: true,
		keepIdle: 3, keepInterval: 5, keepCount: 6,
	},
	"openbsd": {linger: 0x80, timeval: 16, mreqn: true, addMembership: 12, dropMembership: 13, multicastByte: true},
	"dragonfly": {
		linger: 0x80, timeval: 16, mreqn: true, addMembership: 12, dropMembership: 13, multicastByte: true,
		keepIdle: 0x100, keepInterval: 0x200, keepCount: 0x400,
	},
	"windows": {
		linger: 0x80, lingerShort: true, addMembership: 12, dropMembership: 13, mreqIndex: true,
		blockSource: 43, unblockSource: 44, joinSource: 45, leaveSource: 46,
		keepIdle: 3, keepInterval: 17, keepCount: 16,
	},
}

var options = optionNumbersOf[runtime.GOOS]

// setOption is SetsockoptBytes, and setInt Setsockopt, for an option that the system may lack.
func (s *Socket) setOption(what string, level, name int, p []byte) error {
	if name == 0 {
		return s.fail("setsockopt", Addr{}, lacks(what))
	}
	return s.do("setsockopt", func(sysfd int) error { return sysSetsockopt(sysfd, level, name, p) })
}

func (s *Socket) setInt(what string, level, name int, v int32) error {
	if name == 0 {
		return s.fail("setsockopt", Addr{}, lacks(what))
	}
	return s.do("setsockopt", func(sysfd int) error { return sysSetsockoptInt(sysfd, level, name, v) })
}

// getOption reads an option that the system may lack into p, and reports how much of p it fills; at
// least least bytes must come.
func (s *Socket) getOption(what string, level, name int, p []byte, least int) (n int, err error) {
	if name == 0 {
		return 0, s.fail("getsockopt", Addr{}, lacks(what))
	}
	err = s.do("getsockopt", func(sysfd int) error {
		n, err = sysGetsockopt(sysfd, level, name, p)
		if n = min(n, len(p)); err == nil && n < least { // some options say how much there would be
			err = fmt.Errorf("%s: %d bytes of %d", what, n, least)
		}
		return err
	})
	return n, err
}

func (s *Socket) getInt(what string, level, name int) (v int, err error) {
	if name == 0 {
		return 0, s.fail("getsockopt", Addr{}, lacks(what))
	}
	err = s.do("getsockopt", func(sysfd int) error {
		v, err = sysGetsockoptInt(sysfd, level, name)
		return err
	})
	return v, err
}

// boolInt is on as a C int.
func boolInt(on bool) int32 {
	if on {
		return 1
	}
	return 0
}

// seconds is d as a number of seconds that is at least 1 and at most most: rounded up, so that no
// time becomes none.
func seconds(arg string, d time.Duration, most int) (int32, error) {
	n := (d + time.Second - 1) / time.Second
	if d <= 0 || d > time.Duration(most)*time.Second {
		return 0, &ArgError{arg, d, fmt.Sprintf("must be more than 0 and at most %d s", most)}
	}
	return int32(n), nil
}

// isInet6 says which of the internet families the socket is of.
func (s *Socket) isInet6(op string) (v6 bool, err error) {
	switch s.Family() {
	case AF_INET:
		return false, nil
	case AF_INET6:
		return true, nil
	}
	return false, s.fail(op, Addr{}, &ArgError{"family", familyName(s.Family()), "must be inet or inet6"})
}

// int32s are C ints one after the other.
func int32s(v ...int32) []byte {
	b := make([]byte, 0, 4*len(v))
	for _, v := range v {
		b = binary.NativeEndian.AppendUint32(b, uint32(v))
	}
	return b
}
