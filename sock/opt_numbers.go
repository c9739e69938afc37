package sock

import (
	"runtime"
	"strings"
)

// An option has a method if its value is a structure, or differs between IPv4 and IPv6 or between
// systems. Each level has one file opt_*.go. Getsockopt and Setsockopt serve all other options. On
// a system that lacks the option, its method returns errors.ErrUnsupported.

// optionNumbers holds the numbers of the options that only some systems have. 0 means that this
// system lacks the option.
type optionNumbers struct {
	// SOL_SOCKET, <sys/socket.h>
	linger       int  // SO_LINGER in seconds
	lingerShort  bool // its fields are two unsigned short
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
		linger: 13, peerpidfd: 77, bindtodevice: 25,
		recverr: 11, recverr6: 25, mreqn: true, addMembership: 35, dropMembership: 36,
		blockSource: 43, unblockSource: 44, joinSource: 46, leaveSource: 47,
		tcpInfo: 11, congestion: 13, ulp: 31, userTimeout: 18, keepIdle: 4, keepInterval: 5, keepCount: 6,
		udp: true,
	},
	"darwin": {
		linger: 0x1080, mreqn: true, addMembership: 12, dropMembership: 13, multicastByte: true, // SO_LINGER_SEC
		blockSource: 84, unblockSource: 85, joinSource: 82, leaveSource: 83,
		keepIdle: 0x10, keepInterval: 0x101, keepCount: 0x102,
	},
	"freebsd": {
		linger: 0x80, mreqn: true, addMembership: 12, dropMembership: 13, multicastByte: true,
		blockSource: 84, unblockSource: 85, joinSource: 82, leaveSource: 83,
		congestion: 64, keepIdle: 0x100, keepInterval: 0x200, keepCount: 0x400,
	},
	"netbsd": {
		linger: 0x80, addMembership: 12, dropMembership: 13, multicastByte: true,
		keepIdle: 3, keepInterval: 5, keepCount: 6,
	},
	"openbsd": {linger: 0x80, mreqn: true, addMembership: 12, dropMembership: 13, multicastByte: true},
	"dragonfly": {
		linger: 0x80, mreqn: true, addMembership: 12, dropMembership: 13, multicastByte: true,
		keepIdle: 0x100, keepInterval: 0x200, keepCount: 0x400,
	},
	"windows": {
		linger: 0x80, lingerShort: true, addMembership: 12, dropMembership: 13, mreqIndex: true,
		blockSource: 43, unblockSource: 44, joinSource: 45, leaveSource: 46,
		keepIdle: 3, keepInterval: 17, keepCount: 16,
	},
}

// optionNumbersOn returns the numbers for a system on a processor.
func optionNumbersOn(goos, goarch string) optionNumbers {
	n := optionNumbersOf[goos]
	if goos == "linux" && strings.HasPrefix(goarch, "mips") {
		n.linger = 0x80 // its SOL_SOCKET is that of other systems
	}
	return n
}

var options = optionNumbersOn(runtime.GOOS, runtime.GOARCH)
