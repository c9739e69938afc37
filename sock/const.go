package sock

// The constants of this package keep their C names and have the same meaning as in Python's socket
// module. testdata/names.csv lists the systems that have each of them, and testdata/reasons.csv
// says why a system lacks one.
//
// The files zconst_*.go take their values from golang.org/x/sys. The files const*.go are written by
// hand. They hold the constants that x/sys lacks, each block below the name of its header, and
// depend on x/sys alone. This file holds the constants that are the same on every system.

// <netinet/in.h>; on Windows <winsock2.h>, <inaddr.h>. The values are in host byte order, and
// unsigned as in Python: some do not fit into an int of 32 bits.
const (
	IPPORT_RESERVED = 1024

	INADDR_ANY             = 0x00000000
	INADDR_BROADCAST       = 0xffffffff
	INADDR_LOOPBACK        = 0x7f000001
	INADDR_UNSPEC_GROUP    = 0xe0000000
	INADDR_ALLHOSTS_GROUP  = 0xe0000001
	INADDR_MAX_LOCAL_GROUP = 0xe00000ff
	INADDR_NONE            = 0xffffffff
)

// Linux's names for protocol numbers as option levels: <netinet/in.h>, <netinet/tcp.h>,
// <netinet/udp.h>. Python has the same numbers on every system.
const (
	SOL_IP  = 0
	SOL_TCP = 6
	SOL_UDP = 17
)

// A Family is the address family of a socket, the first argument of socket(2): AF_*, in Python a
// member of AddressFamily. Functions that have a default take -1 for it.
type Family int

// A Type is the kind of a socket, the second argument of socket(2): SOCK_*, in Python a member of
// SocketKind. It may be combined with SOCK_NONBLOCK and SOCK_CLOEXEC by |.
type Type int

// A Protocol is the third argument of socket(2): 0 for the default protocol of the family, or
// IPPROTO_*, CAN_*, BTPROTO_*, NETLINK_* or another number. IPPROTO_* and CAN_* are untyped
// constants, because they are also option levels or parts of one.
type Protocol int

// A constName is a constant with its name.
type constName struct {
	value int
	name  string
}
