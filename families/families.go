// Package families turns the addresses of sockets of every family into text, and into the bytes of
// a sockaddr, and back.
//
// One family, or one format of a family that has several, is one file and one line of the table
// below. Nothing here asks the system anything: bytes go in, bytes come out. The sockaddrs of every
// [System] can be read and written on any other, so each is tested on each. What only the system
// knows, such as the address of a host or the index of an interface, is resolved before, by the
// package sock:
//
//	a := families.Inet("localhost", 80)
//	if a.NeedsHost() {
//		a = a.WithIP(netip.MustParseAddr("127.0.0.1")) // what a resolver says of a.Host()
//	}
//	var sa [families.MaxSockaddr]byte
//	n, err := families.Host.Encode(sa[:], a)
//
// # Text
//
// [Parse] reads these, and [Addr.String] writes them:
//
//	127.0.0.1:80    localhost:80    :80    inet; without a host it is the wildcard address
//	[::1]:80                               inet6
//	[fe80::1%2]:80  [fe80::1%eth0]:80      inet6 with a scope: the index or the name of an interface
//	[::1]:80?flowinfo=7                    inet6 with a flow label
//	/run/app        @app                   unix: a path, and an abstract name
//	inet6:localhost:80   unix:app          the name of the family, for what has no form of its own
//
// and for the others the name of the format and a colon, which String leaves away and
// [Addr.MarshalText] writes. Numbers are decimal, or hexadecimal with 0x; eth0 is the name of an
// interface, and #2 its index:
//
//	netlink:1234,0x1                       the port of a socket, multicast groups
//	packet:eth0,0x800                      an interface, a protocol
//	packet:#2,0x800,4,1,00:11:22:33:44:55  and the kinds of packet and of hardware, a hardware address
//	vsock:2:1024    vsock:any:1024         a machine, a port
//	tipc:nameseq:18888,0,100?scope=3       a type of service, instances; the scope, if it is not that of the cluster
//	tipc:name:18888,17    tipc:id:0x1,99   an instance, with a domain if there is a third number; a socket on a node
//	alg:hash:sha256                        the type and the name of an algorithm
//	qipcrtr:1:16384                        a node, a port
//	link:em0,2,6,00:11:22:33:44:55         an interface, its index, its type, its hardware address
//	can:can0    can:#0                     an interface, all interfaces
//	isotp:can0,0x123,0x456                 and the CAN identifiers to receive and to send
//	j1939:can0,0x0,0x12300,0x20            and a name, a group number, an address
//	l2cap:00:1A:7D:DA:71:13,25             a device, a PSM; then, if they are not 0, a CID and the type of the device's address
//	rfcomm:00:1A:7D:DA:71:13,3             a device, a channel
//	hci:0    hci:0,1    hci:ubt0hci        a controller; one and a channel; a node
//	sco:00:1A:7D:DA:71:13                  a device
//	hyperv:a42e7cda-d03f-480c-9cc2-a4de20abb878:00000400-facb-11e6-bd58-64006a7986d3
//	system:com.apple.net.utun_control      a kernel control
//	system:#5,1                            and by its id, with a unit
//
// A byte that the syntax needs for itself, or that does not print, is written as % and two
// hexadecimal digits. A % that two such digits do not follow stands for itself.
package families

import (
	"strconv"
	"strings"
)

// MaxSockaddr is the room that any sockaddr needs.
const MaxSockaddr = 128 // sizeof(struct sockaddr_storage), <sys/socket.h>

// Family is one format of addresses on one [System].
type Family interface {
	// Name is the name of the format, "inet": what [Addr.Network] says, but for families that use
	// the addresses of another.
	Name() string

	// Parse is the inverse of [Addr.String] for the addresses of this family. The text may begin
	// with the name of the family and a colon.
	Parse(s string) (Addr, error)

	// Encode writes the sockaddr of a to dst, which has MaxSockaddr bytes, and reports its length.
	// It allocates nothing. The error is an *AddrError.
	Encode(dst []byte, a Addr) (int, error)

	// Decode reads exactly the bytes that the kernel reported. None at all are the zero Addr. It
	// allocates nothing but for what is a string: a path, a name, the service of hyperv. The error
	// is an *AddrError.
	Decode(src []byte) (Addr, error)
}

// formats is the table of all formats. To add a family add its file, its test, and a line here; if
// its protocols have formats of their own, a line in protocols.go too. If a number has several
// lines the first is the one for a protocol that is not known; if a kind has several, the first
// that the system has says which number is in its sockaddrs.
var formats = []format{
	{"inet", KindInet, everywhere(2), anyProtocol, inetCodec{}},
	{"inet6", KindInet6, perSystem{
		linux: 10, darwin: 30, freebsd: 28, netbsd: 24, openbsd: 24, dragonfly: 28, windows: 23,
	}, anyProtocol, inet6Codec{}},
	{"unix", KindUnix, everywhere(1), anyProtocol, unixCodec{}},

	// These two have sockets of their own, whose addresses are those of AF_INET.
	{"rds", KindInet, perSystem{linux: 21}, anyProtocol, inetCodec{}},
	{"divert", KindInet, perSystem{freebsd: 44}, anyProtocol, inetCodec{}}, // FreeBSD 14

	{"netlink", KindNetlink, perSystem{linux: 16, freebsd: 38}, anyProtocol, netlinkCodec{}}, // FreeBSD 13.2
	{"packet", KindPacket, perSystem{linux: 17}, anyProtocol, packetCodec{}},
	{"vsock", KindVsock, perSystem{linux: 40, darwin: 40}, anyProtocol, vsockCodec{}},
	{"tipc", KindTIPC, perSystem{linux: 30}, anyProtocol, tipcCodec{}},
	{"alg", KindALG, perSystem{linux: 38}, anyProtocol, algCodec{}},
	{"qipcrtr", KindQIPCRTR, perSystem{linux: 42}, anyProtocol, qipcrtrCodec{}},
	{"link", KindLink, perSystem{
		darwin: 18, freebsd: 18, netbsd: 18, openbsd: 18, dragonfly: 18,
	}, anyProtocol, linkCodec{}},

	// These have a format for some of their protocols only: see protocols.go.
	{"can", KindCAN, numberCAN, protocols{linux: {1, 2}, netbsd: {1}}, canCodec{}}, // CAN_RAW, CAN_BCM
	{"isotp", KindISOTP, perSystem{linux: numberCAN[linux]}, protocols{linux: {6}}, isotpCodec{}},
	{"j1939", KindJ1939, perSystem{linux: numberCAN[linux]}, protocols{linux: {7}}, j1939Codec{}},

	{"l2cap", KindL2CAP, numberBluetooth.without(windows), protocolL2CAP, l2capCodec{}},
	{"rfcomm", KindRFCOMM, numberBluetooth, protocolRFCOMM, rfcommCodec{}},
	{"hci", KindHCI, numberBluetooth.without(windows), protocolHCI, hciCodec{}},
	{"sco", KindSCO, numberBluetooth.without(windows), protocolSCO, scoCodec{}},

	{"hyperv", KindHyperV, numberHyperV, protocols{windows: {1}}, hypervCodec{}}, // HV_PROTOCOL_RAW
	{"system", KindSystem, numberSystem, protocols{darwin: {2}}, systemCodec{}},  // SYSPROTO_CONTROL
}

type format struct {
	name      string
	kind      Kind
	number    perSystem // AF_*, 0 where the system lacks it
	protocols protocols // the protocols of socket(2) that use this format; none is all
	codec     codec
}

// perSystem is a number that differs between systems.
type perSystem [systems]int

func everywhere(n int) perSystem { return perSystem{n, n, n, n, n, n, n} }

// without is p where system has no number.
func (p perSystem) without(system int) perSystem {
	p[system] = 0
	return p
}

// protocols are the protocols of a socket on each system.
type protocols [systems][]int

var anyProtocol protocols

// codec is what the file of a family supplies. It sees bytes without their first two, which hold
// the family and are the same for all.
type codec interface {
	// text is the text of an address, and parse its inverse: an address that can be used, or an
	// error.
	text(a Addr) string
	parse(s string) (Addr, error)

	// encode fills body and reports how much of it is used.
	encode(s *System, body []byte, a Addr) (int, error)
	decode(s *System, body []byte) (Addr, error)
}

// formatOf is the first line of the table for k, or nil.
func formatOf(k Kind) *format {
	for i := range formats {
		if formats[i].kind == k {
			return &formats[i]
		}
	}
	return nil
}

// formatNamed is the line of the table with that name, or nil.
func formatNamed(name string) *format {
	for i := range formats {
		if formats[i].name == name {
			return &formats[i]
		}
	}
	return nil
}

// HasFormat says whether there is a format of that name, "inet" or "vsock": then Parse reads the
// name, a colon and an address of the format.
func HasFormat(name string) bool { return formatNamed(name) != nil }

// Parse reads an address of any family: what [Addr.MarshalText] writes, and [Addr.String] except
// that of the families that need their name in front. The syntax is that of the package comment.
//
// The name of a family in front decides. Without one, / and @ begin a unix address, [
// begins an inet6 address, and all else is inet: so a host that is called "unix" is "inet:unix:80".
//
// The scope within [fe80::1%2]:80 is kept; within the host of [Inet6] it is not.
func Parse(s string) (Addr, error) {
	if name, body, ok := strings.Cut(s, ":"); ok {
		if f := formatNamed(name); f != nil {
			if f.kind != KindUnix && strings.HasPrefix(body, "//") {
				return Addr{}, notAnAddress(name, s, "an address is no URL: write "+name+":"+body[2:])
			}
			return f.codec.parse(body)
		}
		if err := misplaced(s, name, body); err != nil && s[0] != '/' && s[0] != '@' {
			return Addr{}, err
		}
		if strings.HasPrefix(name, rawPrefix) {
			return parseRaw(s)
		}
	}
	switch {
	case s == "":
		return Addr{}, &AddrError{Value: `""`, Rule: ErrSyntax}
	case s[0] == '/', s[0] == '@':
		return unixCodec{}.parse(s)
	case s[0] == '[':
		return inet6Codec{}.parse(s)
	}
	return inetCodec{}.parse(s)
}

// misplaced says what to write in place of a URL, or of an address that begins with the name of a
// network, as package net and the function Dial of package sock have it; else it is nil.
func misplaced(s, name, body string) error {
	address, isURL := strings.CutPrefix(body, "//")
	if _, err := strconv.ParseUint(body, 10, 16); err == nil {
		return nil // the name is that of a host
	}
	switch name {
	case "tcp", "tcp4", "tcp6", "udp", "udp4", "udp6":
	case "unixgram", "unixpacket":
		address = "unix:" + address
	default:
		if !isURL {
			return nil // the host of an inet address, perhaps
		}
		return notAnAddress("", s, "an address is no URL: write host:port")
	}
	return notAnAddress("", s, "an address has no network: write "+address+", or give "+name+":"+strings.TrimPrefix(body, "//")+" to sock.Dial")
}
