package sock

// The constants of this package keep their C names and mean what they mean in Python's socket
// module. Which of them a system has, and why one is missing there, is told by testdata/names.csv
// and testdata/reasons.csv.
//
// The files zconst_*.go take their values from golang.org/x/sys. The files const*.go hold by hand
// what x/sys lacks, each block below the header that it is from, and depend on nothing but x/sys.
// This one holds what is the same on every system.

// <netinet/in.h>; on Windows <winsock2.h>, <inaddr.h>. In host byte order, and unsigned as in
// Python: where int has 32 bits, some do not fit into one.
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

// Linux's names for the protocols' numbers as option levels: <netinet/in.h>, <netinet/tcp.h>,
// <netinet/udp.h>. Python gives the same numbers to every system.
const (
	SOL_IP  = 0
	SOL_TCP = 6
	SOL_UDP = 17
)

// A Family is the address family of a socket, the first argument of socket(2): AF_*, in Python a
// member of AddressFamily. -1 is a default where a function says so.
type Family int

// A Type is the kind of a socket, the second argument of socket(2): SOCK_*, in Python a member of
// SocketKind. SOCK_NONBLOCK and SOCK_CLOEXEC may be or-ed to it.
type Type int

// A Protocol is the third argument of socket(2): 0 for the family's own, IPPROTO_*, CAN_*,
// BTPROTO_*, NETLINK_* or another number. The IPPROTO_* and CAN_* are constants without a type,
// since they are, or make, levels of options too.
type Protocol int

// A constName is a constant with its name.
type constName struct {
	value int
	name  string
}
