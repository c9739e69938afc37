package sock

import (
	"slices"
	"strings"

	"github.com/polluxio/pollux/families"
)

// A Network is what the name of a network stands for: the names in the texts of Dial and Listen, in
// package netconn, and in errors.
type Network struct {
	Name   string // "tcp4", "unixgram", "vsockpacket"
	Format string // the format of its addresses in package families; "" for a host and a service
	Type   Type
	Proto  Protocol

	family   string // the name of the family; "" for both internet families
	nameOnly bool   // the name is for errors only
}

// IP protocols that have their own network name: <netinet/in.h>, <linux/in.h>. Some systems have no
// constants for them.
const (
	protoICMP    = 1
	protoTCP     = 6
	protoUDP     = 17
	protoICMPv6  = 58
	protoSCTP    = 132
	protoUDPLite = 136
	protoMPTCP   = 262
)

// networks is the table of all networks. A network with the name of a format has the usual type and
// protocol of that format. The numbers of protocols are those of package families: CAN_RAW and so
// on.
var networks = []Network{
	{Name: "tcp", Type: SOCK_STREAM},
	{Name: "tcp4", Type: SOCK_STREAM, family: "AF_INET"},
	{Name: "tcp6", Type: SOCK_STREAM, family: "AF_INET6"},
	{Name: "udp", Type: SOCK_DGRAM},
	{Name: "udp4", Type: SOCK_DGRAM, family: "AF_INET"},
	{Name: "udp6", Type: SOCK_DGRAM, family: "AF_INET6"},
	{Name: "mptcp", Type: SOCK_STREAM, Proto: protoMPTCP},
	{Name: "mptcp4", Type: SOCK_STREAM, Proto: protoMPTCP, family: "AF_INET"},
	{Name: "mptcp6", Type: SOCK_STREAM, Proto: protoMPTCP, family: "AF_INET6"},
	{Name: "sctp", Type: SOCK_STREAM, Proto: protoSCTP},
	{Name: "sctp4", Type: SOCK_STREAM, Proto: protoSCTP, family: "AF_INET"},
	{Name: "sctp6", Type: SOCK_STREAM, Proto: protoSCTP, family: "AF_INET6"},
	{Name: "udplite", Type: SOCK_DGRAM, Proto: protoUDPLite},
	{Name: "udplite4", Type: SOCK_DGRAM, Proto: protoUDPLite, family: "AF_INET"},
	{Name: "udplite6", Type: SOCK_DGRAM, Proto: protoUDPLite, family: "AF_INET6"},
	{Name: "inet", Type: SOCK_STREAM, family: "AF_INET"},
	{Name: "inet6", Type: SOCK_STREAM, family: "AF_INET6"},
	{Name: "ip", Type: SOCK_RAW, Proto: anyProto, nameOnly: true},
	{Name: "ping", Type: SOCK_DGRAM, Proto: protoICMP, nameOnly: true},
	{Name: "ping", Type: SOCK_DGRAM, Proto: protoICMPv6, nameOnly: true},
	{Name: "sctp seqpacket", Type: SOCK_SEQPACKET, Proto: protoSCTP, nameOnly: true},

	{"unix", "unix", SOCK_STREAM, 0, "AF_UNIX", false},
	{"unixgram", "unix", SOCK_DGRAM, 0, "AF_UNIX", false},
	{"unixpacket", "unix", SOCK_SEQPACKET, 0, "AF_UNIX", false},

	{"vsock", "vsock", SOCK_STREAM, 0, "AF_VSOCK", false},
	{"vsockgram", "vsock", SOCK_DGRAM, 0, "AF_VSOCK", false},
	{"vsockpacket", "vsock", SOCK_SEQPACKET, 0, "AF_VSOCK", false},
	{"tipc", "tipc", SOCK_STREAM, 0, "AF_TIPC", false},
	{"tipcgram", "tipc", SOCK_DGRAM, 0, "AF_TIPC", false},
	{"tipcrdm", "tipc", SOCK_RDM, 0, "AF_TIPC", false},
	{"tipcpacket", "tipc", SOCK_SEQPACKET, 0, "AF_TIPC", false},
	{"netlink", "netlink", SOCK_RAW, 0, "AF_NETLINK", false},
	{"packet", "packet", SOCK_RAW, 0, "AF_PACKET", false},
	{"alg", "alg", SOCK_SEQPACKET, 0, "AF_ALG", false},
	{"qipcrtr", "qipcrtr", SOCK_DGRAM, 0, "AF_QIPCRTR", false},
	{"rds", "inet", SOCK_SEQPACKET, 0, "AF_RDS", false},
	{"divert", "inet", SOCK_RAW, 0, "AF_DIVERT", false},
	{"can", "can", SOCK_RAW, 1, "AF_CAN", false},                 // CAN_RAW, <linux/can.h>
	{"bcm", "can", SOCK_DGRAM, 2, "AF_CAN", false},               // CAN_BCM
	{"isotp", "isotp", SOCK_DGRAM, 6, "AF_CAN", false},           // CAN_ISOTP
	{"j1939", "j1939", SOCK_DGRAM, 7, "AF_CAN", false},           // CAN_J1939
	{"l2cap", "l2cap", SOCK_SEQPACKET, 0, "AF_BLUETOOTH", false}, // BTPROTO_L2CAP, <bluetooth/bluetooth.h>
	{"hci", "hci", SOCK_RAW, 1, "AF_BLUETOOTH", false},           // BTPROTO_HCI
	{"sco", "sco", SOCK_SEQPACKET, 2, "AF_BLUETOOTH", false},     // BTPROTO_SCO
	{"rfcomm", "rfcomm", SOCK_STREAM, 3, "AF_BLUETOOTH", false},  // BTPROTO_RFCOMM
	{"hyperv", "hyperv", SOCK_STREAM, 1, "AF_HYPERV", false},     // HV_PROTOCOL_RAW, <hvsocket.h>
	{"system", "system", SOCK_DGRAM, 2, "PF_SYSTEM", false},      // SYSPROTO_CONTROL, <sys/sys_domain.h>
}

// Networks returns all networks, whether or not this system has them.
func Networks() []Network {
	return slices.DeleteFunc(slices.Clone(networks), func(n Network) bool { return n.nameOnly })
}

// NetworkNamed returns the network with that name. ok is false if no network has it.
func NetworkNamed(name string) (n Network, ok bool) {
	for _, n := range networks {
		if n.Name == name && !n.nameOnly {
			return n, true
		}
	}
	return Network{}, false
}

// Family returns the family of the network on this system: AF_UNSPEC for both internet families, -1
// if the system lacks the family.
func (n Network) Family() Family {
	if n.family == "" {
		return AF_UNSPEC
	}
	k := KnownSocket{Family: n.family, family: -1}
	return k.number()
}

// New makes a socket of the network. For a network of both internet families it is an AF_INET
// socket.
//
// Errors: those of KnownSocket.New.
func (n Network) New() (*Socket, error) {
	for _, k := range knownSockets {
		if k.Family == n.family && k.typ == n.Type && k.proto == n.Proto {
			return k.New()
		}
	}
	family := n.Family()
	if family == AF_UNSPEC {
		family = AF_INET
	}
	return New(family, n.Type, n.Proto)
}

// Network returns the name of the socket's network. It is the name that package net uses: "tcp",
// "udp", "ip", "unix", "unixgram", "unixpacket". For other sockets it is the name of the address
// format and of the type: "vsock stream".
func (s *Socket) Network() string { return s.network() }

func (s *core) network() string {
	return networkOf(Family(s.family), Type(s.typ), Protocol(s.proto))
}

// networkOf returns the name of a kind of socket for errors, in the form of Socket.Network. A type
// of 0 and a family of AF_UNSPEC are unknown.
func networkOf(family Family, typ Type, proto Protocol) string {
	if family <= AF_UNSPEC {
		return ""
	}
	name := networkName(family)
	if f, ok := families.Host.Lookup(int(family), int(proto)); ok {
		name = f.Name()
	}
	typ &^= typeFlags
	if typ == 0 {
		return name
	}
	if short := shortNetwork(family, typ, proto); short != "" {
		return short
	}
	return name + " " + strings.ToLower(strings.TrimPrefix(typ.String(), "SOCK_"))
}

// shortNetwork returns the name of a network of the internet and of AF_UNIX, or "". It is the name
// without the version of IP.
func shortNetwork(family Family, typ Type, proto Protocol) string {
	wanted := ""
	switch {
	case family == AF_UNIX:
		wanted, proto = "AF_UNIX", 0
	case family != AF_INET && family != AF_INET6:
		return ""
	case typ == SOCK_STREAM && proto == protoTCP, typ == SOCK_DGRAM && proto == protoUDP:
		proto = 0
	}
	for i := range networks {
		n := &networks[i]
		if n.family == wanted && n.Type == typ && (n.Proto == proto || n.Proto == anyProto) {
			return n.Name
		}
	}
	return ""
}

// typeFor returns the type and the protocol of a socket for a. It replaces a 0 by the usual value.
func typeFor(a Addr, typ Type, proto Protocol) (Type, Protocol) {
	usual, ok := NetworkNamed(a.Kind().String())
	if !ok {
		usual.Type = SOCK_STREAM
	}
	if typ == 0 {
		typ = usual.Type
	}
	if proto == 0 {
		proto = usual.Proto
	}
	return typ, proto
}
