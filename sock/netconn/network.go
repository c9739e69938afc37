package netconn

import (
	"fmt"
	"maps"
	"net"
	"slices"
	"strings"

	"github.com/polluxio/pollux/families"
	"github.com/polluxio/pollux/sock"
)

// A network is what a name of a network stands for.
type network struct {
	name   string
	format string      // of its addresses: the name in front of their texts in package families; "" for inet and unix
	inet   sock.Family // for inet: AF_INET, AF_INET6, or AF_UNSPEC for both
	known  string      // what else: the name of the kind of socket among sock.KnownSockets
	typ    sock.Type   // for inet and unix
	proto  sock.Protocol
}

// isInet says that it has hosts and ports.
func (n *network) isInet() bool { return n.known == "" && n.typ != 0 && !n.isUnix() }

func (n *network) isUnix() bool { return strings.HasPrefix(n.name, "unix") }

// The networks of the families beyond inet and unix.
var others = map[string]network{
	"vsock":       {format: "vsock", known: "AF_VSOCK SOCK_STREAM"},
	"vsockgram":   {format: "vsock", known: "AF_VSOCK SOCK_DGRAM"},
	"vsockpacket": {format: "vsock", known: "AF_VSOCK SOCK_SEQPACKET"},
	"tipc":        {format: "tipc", known: "AF_TIPC SOCK_STREAM"},
	"tipcgram":    {format: "tipc", known: "AF_TIPC SOCK_DGRAM"},
	"tipcrdm":     {format: "tipc", known: "AF_TIPC SOCK_RDM"},
	"tipcpacket":  {format: "tipc", known: "AF_TIPC SOCK_SEQPACKET"},
	"l2cap":       {format: "l2cap", known: "AF_BLUETOOTH BTPROTO_L2CAP"},
	"rfcomm":      {format: "rfcomm", known: "AF_BLUETOOTH BTPROTO_RFCOMM"},
	"sco":         {format: "sco", known: "AF_BLUETOOTH BTPROTO_SCO"},
	"hci":         {format: "hci", known: "AF_BLUETOOTH BTPROTO_HCI"},
	"can":         {format: "can", known: "AF_CAN CAN_RAW"},
	"bcm":         {format: "can", known: "AF_CAN CAN_BCM"},
	"isotp":       {format: "isotp", known: "AF_CAN CAN_ISOTP"},
	"j1939":       {format: "j1939", known: "AF_CAN CAN_J1939"},
	"netlink":     {format: "netlink", known: "AF_NETLINK NETLINK_ROUTE"},
	"packet":      {format: "packet", known: "AF_PACKET SOCK_RAW"},
	"qipcrtr":     {format: "qipcrtr", known: "AF_QIPCRTR"},
	"rds":         {format: "inet", known: "AF_RDS"},
	"hyperv":      {format: "hyperv", known: "AF_HYPERV HV_PROTOCOL_RAW"},
	"system":      {format: "system", known: "PF_SYSTEM SYSPROTO_CONTROL"},
}

// The networks of package net, and Multipath TCP, SCTP and UDP-Lite beside them.
var inets = map[string]network{
	"tcp":     {typ: sock.SOCK_STREAM},
	"udp":     {typ: sock.SOCK_DGRAM},
	"sctp":    {typ: sock.SOCK_STREAM, proto: protoSCTP},
	"udplite": {typ: sock.SOCK_DGRAM, proto: protoUDPLite},
}

var unixes = map[string]sock.Type{
	"unix":       sock.SOCK_STREAM,
	"unixgram":   sock.SOCK_DGRAM,
	"unixpacket": sock.SOCK_SEQPACKET,
}

// IPPROTO_SCTP and IPPROTO_UDPLITE of <netinet/in.h>, which not every system has.
const (
	protoSCTP    = 132
	protoUDPLite = 136
)

// Networks returns the names of all networks, sorted, whether or not this system has them.
func Networks() []string {
	names := slices.Concat(slices.Collect(maps.Keys(others)), slices.Collect(maps.Keys(unixes)))
	for name := range inets {
		names = append(names, name, name+"4", name+"6")
	}
	slices.Sort(names)
	return names
}

// parseNetwork finds a network by its name.
//
// Error: a net.UnknownNetworkError.
func parseNetwork(name string) (network, error) {
	if n, ok := others[name]; ok {
		n.name = name
		return n, nil
	}
	if typ, ok := unixes[name]; ok {
		return network{name: name, typ: typ}, nil
	}
	base, family := name, sock.Family(sock.AF_UNSPEC)
	if b, ok := strings.CutSuffix(name, "4"); ok {
		base, family = b, sock.AF_INET
	} else if b, ok := strings.CutSuffix(name, "6"); ok {
		base, family = b, sock.AF_INET6
	}
	n, ok := inets[base]
	if !ok {
		return network{}, net.UnknownNetworkError(name)
	}
	n.name, n.inet = name, family
	return n, nil
}

// newSocket makes a socket of the network; family counts for inet only.
func (n *network) newSocket(family sock.Family) (*sock.Socket, error) {
	switch {
	case n.isUnix():
		return sock.New(sock.AF_UNIX, n.typ, 0)
	case n.isInet():
		return sock.New(family, n.typ, n.proto)
	}
	for _, k := range sock.KnownSockets() {
		if k.String() == n.known {
			return k.New()
		}
	}
	return nil, fmt.Errorf("netconn: no socket %q", n.known)
}

// parse reads the text of an address of the network, if that is not inet.
//
// Error: an *families.AddrError.
func (n *network) parse(text string) (sock.Addr, error) {
	if n.isUnix() {
		return families.FromNet(&net.UnixAddr{Name: text, Net: n.name})
	}
	return families.Parse(n.format + ":" + text)
}
