package sock

import (
	"errors"
	"net"
	"runtime"
	"slices"
	"strings"
	"syscall"
)

// An UnsupportedError is returned for a kind of socket that the system lacks; it says what is
// missing. errors.Is finds errors.ErrUnsupported in it, and the errno of socket(2): EAFNOSUPPORT,
// EPROTONOSUPPORT, ESOCKTNOSUPPORT, ENODEV or ENOPROTOOPT.
type UnsupportedError struct {
	Kind    string // the names of the family and of the protocol: "AF_CAN CAN_ISOTP"
	Missing string // what would make them possible: "needs CONFIG_CAN_ISOTP (module can-isotp), Linux 5.10"
	Err     error  // the error of socket(2), or nil if it was not called
}

func (e *UnsupportedError) Error() string {
	if e.Err == nil {
		return e.Kind + ": " + e.Missing
	}
	return e.Kind + ": " + e.Missing + ": " + e.Err.Error()
}

// Unwrap lets errors.Is find both errors.
func (e *UnsupportedError) Unwrap() []error {
	if e.Err == nil {
		return []error{errors.ErrUnsupported}
	}
	return []error{errors.ErrUnsupported, e.Err}
}

// A KnownSocket is a kind of socket that this package knows, whether or not this system has it.
type KnownSocket struct {
	Family  string // the name of the family: "AF_CAN"
	Proto   string // the name of the protocol, or another mark of this kind within the family: "CAN_ISOTP", "SOCK_STREAM"
	Needs   string // what Linux needs for it; "" if every kernel has it, or if no Linux has it
	Systems string // the systems that have such sockets, by their GOOS, separated by blanks: "linux windows"

	// The numbers of Linux; the family is -1 if Linux lacks it.
	family Family
	typ    Type
	proto  Protocol
}

// String returns both names: "AF_CAN CAN_ISOTP".
func (k KnownSocket) String() string { return strings.TrimSpace(k.Family + " " + k.Proto) }

// New makes a socket of this kind, as the function New does.
//
// Errors: an *UnsupportedError if the system lacks this kind; EPERM or EACCES if the program lacks
// a necessary privilege.
func (k KnownSocket) New() (*Socket, error) {
	var missing string
	switch {
	case k.Systems == "":
		missing = k.Needs
	case !slices.Contains(strings.Fields(k.Systems), runtime.GOOS):
		missing = "only on " + strings.ReplaceAll(k.Systems, " ", ", ")
	default:
		return New(k.number(), k.typ, k.proto)
	}
	return nil, &net.OpError{Op: "socket", Net: strings.ToLower(k.Family), Err: &UnsupportedError{Kind: k.String(), Missing: missing}}
}

// number returns the family's number on this system, which may differ from that of Linux.
func (k *KnownSocket) number() Family {
	for _, n := range familyNames {
		if n.name == k.Family {
			return Family(n.value)
		}
	}
	return k.family
}

// needs returns what this system needs to have such sockets.
func (k *KnownSocket) needs() string {
	if runtime.GOOS == "linux" || k.Needs == "" {
		return k.Needs
	}
	if !slices.Contains(strings.Fields(k.Systems), runtime.GOOS) {
		return runtime.GOOS + " has no such sockets"
	}
	if needs := needsHere[k.Family]; needs != "" {
		return needs
	}
	return "this " + runtime.GOOS + " has no such sockets"
}

// needsHere gives, for systems other than Linux, the needs of families that only some versions
// have.
var needsHere = map[string]string{
	"AF_UNIX":      "needs Windows 10 1803 or Windows Server 2019 (afunix.sys)",
	"AF_BLUETOOTH": "needs a Bluetooth radio and its driver",
	"AF_HYPERV":    "needs Hyper-V, or to be one of its guests",
}

// KnownSockets returns all kinds of socket that this package knows, on every system.
func KnownSockets() []KnownSocket { return slices.Clone(knownSockets) }

const (
	everySystem = "linux darwin freebsd netbsd openbsd dragonfly windows"
	everyUnix   = "linux darwin freebsd netbsd openbsd dragonfly"
)

// The numbers of Linux: <linux/socket.h>, <linux/in.h>, <linux/can.h>, <net/bluetooth/bluetooth.h>.
// They are written out because not all systems have the names.
//
// The needs use the names of the kernel's configuration. The module is the one to load if that part
// was built as a module.
var knownSockets = []KnownSocket{
	{"AF_INET", "IPPROTO_TCP", "", everySystem, 2, 1, 6},
	{"AF_INET", "IPPROTO_UDP", "", everySystem, 2, 2, 17},
	{"AF_INET", "IPPROTO_UDPLITE", "needs Linux 2.6.20 to 7.0: 7.1 has dropped it", "linux freebsd", 2, 2, 136},
	{"AF_INET", "IPPROTO_MPTCP", "needs CONFIG_MPTCP, Linux 5.6, and the sysctl net.mptcp.enabled", "linux", 2, 1, 262},
	{"AF_INET", "IPPROTO_SCTP SOCK_STREAM", "needs CONFIG_IP_SCTP (module sctp)", "linux freebsd", 2, 1, 132},
	{"AF_INET", "IPPROTO_SCTP SOCK_SEQPACKET", "needs CONFIG_IP_SCTP (module sctp)", "linux freebsd", 2, 5, 132},
	{"AF_INET", "IPPROTO_ICMP ping", "needs Linux 3.0, and a group within the sysctl net.ipv4.ping_group_range", "linux darwin", 2, 2, 1},
	{"AF_INET", "IPPROTO_ICMP raw", "", everySystem, 2, 3, 1},
	{"AF_INET6", "IPPROTO_TCP", "needs CONFIG_IPV6 (module ipv6)", everySystem, 10, 1, 6},
	{"AF_INET6", "IPPROTO_UDP", "needs CONFIG_IPV6 (module ipv6)", everySystem, 10, 2, 17},
	{"AF_INET6", "IPPROTO_UDPLITE", "needs CONFIG_IPV6 and Linux 2.6.20 to 7.0: 7.1 has dropped it", "linux freebsd", 10, 2, 136},
	{"AF_INET6", "IPPROTO_MPTCP", "needs CONFIG_MPTCP_IPV6, Linux 5.6, and the sysctl net.mptcp.enabled", "linux", 10, 1, 262},
	{"AF_INET6", "IPPROTO_SCTP SOCK_STREAM", "needs CONFIG_IP_SCTP (module sctp)", "linux freebsd", 10, 1, 132},
	{"AF_INET6", "IPPROTO_SCTP SOCK_SEQPACKET", "needs CONFIG_IP_SCTP (module sctp)", "linux freebsd", 10, 5, 132},
	{"AF_INET6", "IPPROTO_ICMPV6 ping", "needs CONFIG_IPV6, Linux 3.10, and a group within the sysctl net.ipv4.ping_group_range", "linux darwin", 10, 2, 58},
	{"AF_INET6", "IPPROTO_ICMPV6 raw", "needs CONFIG_IPV6 (module ipv6)", everySystem, 10, 3, 58},
	{"AF_UNIX", "SOCK_STREAM", "needs CONFIG_UNIX", everySystem, 1, 1, 0},
	{"AF_UNIX", "SOCK_DGRAM", "needs CONFIG_UNIX", everyUnix, 1, 2, 0},
	{"AF_UNIX", "SOCK_SEQPACKET", "needs CONFIG_UNIX", "linux freebsd netbsd openbsd dragonfly", 1, 5, 0},
	{"AF_NETLINK", "NETLINK_ROUTE", "needs CONFIG_NET", "linux freebsd", 16, 3, 0},
	{"AF_PACKET", "SOCK_RAW", "needs CONFIG_PACKET (module af_packet)", "linux", 17, 3, 0},
	{"AF_PACKET", "SOCK_DGRAM", "needs CONFIG_PACKET (module af_packet)", "linux", 17, 2, 0},
	{"AF_VSOCK", "SOCK_STREAM", "needs CONFIG_VSOCKETS (module vsock; for CID 1 vsock_loopback, Linux 5.6)", "linux", 40, 1, 0},
	{"AF_VSOCK", "SOCK_DGRAM", "needs CONFIG_VSOCKETS (module vsock) and a transport with datagrams, which VMware's is", "linux", 40, 2, 0},
	{"AF_VSOCK", "SOCK_SEQPACKET", "needs CONFIG_VSOCKETS (module vsock), Linux 5.14", "linux", 40, 5, 0},
	{"AF_TIPC", "SOCK_STREAM", "needs CONFIG_TIPC (module tipc)", "linux", 30, 1, 0},
	{"AF_TIPC", "SOCK_DGRAM", "needs CONFIG_TIPC (module tipc)", "linux", 30, 2, 0},
	{"AF_TIPC", "SOCK_RDM", "needs CONFIG_TIPC (module tipc)", "linux", 30, 4, 0},
	{"AF_TIPC", "SOCK_SEQPACKET", "needs CONFIG_TIPC (module tipc)", "linux", 30, 5, 0},
	{"AF_CAN", "CAN_RAW", "needs CONFIG_CAN and CONFIG_CAN_RAW (modules can, can-raw)", "linux netbsd", 29, 3, 1},
	{"AF_CAN", "CAN_BCM", "needs CONFIG_CAN and CONFIG_CAN_BCM (modules can, can-bcm)", "linux", 29, 2, 2},
	{"AF_CAN", "CAN_ISOTP", "needs CONFIG_CAN and CONFIG_CAN_ISOTP (modules can, can-isotp), Linux 5.10", "linux", 29, 2, 6},
	{"AF_CAN", "CAN_J1939", "needs CONFIG_CAN and CONFIG_CAN_J1939 (modules can, can-j1939), Linux 5.4", "linux", 29, 2, 7},
	{"AF_BLUETOOTH", "BTPROTO_L2CAP", "needs CONFIG_BT and CONFIG_BT_BREDR (module bluetooth)", "linux freebsd netbsd dragonfly", 31, 5, 0},
	{"AF_BLUETOOTH", "BTPROTO_HCI", "needs CONFIG_BT (module bluetooth)", "linux freebsd netbsd dragonfly", 31, 3, 1},
	{"AF_BLUETOOTH", "BTPROTO_SCO", "needs CONFIG_BT and CONFIG_BT_BREDR (module bluetooth)", "linux netbsd dragonfly", 31, 5, 2},
	{"AF_BLUETOOTH", "BTPROTO_RFCOMM", "needs CONFIG_BT and CONFIG_BT_RFCOMM (modules bluetooth, rfcomm)", "linux freebsd netbsd dragonfly windows", 31, 1, 3},
	{"AF_ALG", "", "needs CONFIG_CRYPTO_USER_API (module af_alg; algif_hash, algif_skcipher, algif_aead, algif_rng for what it does)", "linux", 38, 5, 0},
	{"AF_QIPCRTR", "", "needs CONFIG_QRTR (module qrtr), Linux 4.7", "linux", 42, 2, 0},
	{"AF_RDS", "", "needs CONFIG_RDS (modules rds, rds_tcp)", "linux", 21, 5, 0},
	{"AF_HYPERV", "HV_PROTOCOL_RAW", "needs Hyper-V", "windows", -1, 1, 1},
	{"PF_SYSTEM", "SYSPROTO_CONTROL", "", "darwin", -1, 2, 2},
	{"AF_DIVERT", "", "", "freebsd", -1, 3, 0},
	{"AF_LINK", "", "no socket has such addresses: they are those of interfaces, on macOS and the BSDs", "", -1, 0, 0},
}

// unsupported adds what is missing to an error of socket(2) for a kind that the system lacks. It
// returns any other error unchanged.
//
// If the system has the family, the type must match the kind: a protocol with another type is the
// caller's mistake. ENODEV comes from AF_VSOCK, for datagrams without a transport that carries
// them. ENOPROTOOPT comes from MPTCP, if its sysctl forbids it.
func unsupported(family Family, typ Type, proto Protocol, err error) error {
	noFamily := err == syscall.EAFNOSUPPORT
	if !noFamily && err != syscall.EPROTONOSUPPORT && err != syscall.ESOCKTNOSUPPORT && err != syscall.ENODEV && err != syscall.ENOPROTOOPT {
		return err
	}
	typ &^= typeFlags
	missing := func(kind, needs string) error {
		return &UnsupportedError{Kind: kind, Missing: needs, Err: hostErrorOf(err)}
	}
	var near *KnownSocket
	for i := range knownSockets {
		k := &knownSockets[i]
		switch {
		case k.number() != family || k.needs() == "":
		case k.proto == proto && k.typ == typ:
			return missing(k.String(), k.needs())
		case near == nil || k.proto == proto && near.proto != proto:
			near = k
		}
	}
	switch {
	case !noFamily:
		return err
	case near == nil:
		return missing(networkName(family), "the system has no such family")
	case near.proto == proto:
		return missing(near.String(), near.needs())
	}
	return missing(near.Family, near.needs())
}
