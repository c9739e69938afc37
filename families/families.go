// Package families converts addresses of sockets of every family to text, and to the bytes of a
// sockaddr, and back.
//
// Each family has a file and a line in the table below. A family with several formats has a file
// and a line for each. The package makes no system call: it only converts bytes. Every system can
// read and write the sockaddrs of every [System], so tests on one system cover all of them.
//
// Package sock first resolves the parts that only the system knows, such as the address of a host
// or the index of an interface. [Addr.Unresolved] returns what an address needs:
//
//	a := families.Inet("localhost", 80)
//	if a.NeedsHost() {
//		a = a.WithIP(netip.MustParseAddr("127.0.0.1")) // the result of a resolver for a.Host()
//	}
//	var sa [families.MaxSockaddr]byte
//	n, err := families.Host.Encode(sa[:], a)
//
// # Text
//
// [Parse] reads these texts, and [Addr.String] writes them:
//
//	127.0.0.1:80    localhost:80    :80    inet; without a host it is the wildcard address
//	[::1]:80                               inet6
//	[fe80::1%2]:80  [fe80::1%eth0]:80      inet6 with a scope: the index or the name of an interface
//	[::1]:80?flowinfo=7                    inet6 with a flow label
//	/run/app        @app                   unix: a path, and an abstract name
//	inet6:localhost:80   unix:app          the name of the family, for what has no form of its own
//
// For the other formats, [Parse] reads the name of the format, a colon and the text.
// [Addr.MarshalText] writes the name, and String does not. Numbers are decimal, or hexadecimal with
// 0x. In the list, eth0 is the name of an interface, and #2 is an index:
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
// % and two hexadecimal digits stand for a byte that the syntax uses itself or that does not print.
// A % without two such digits after it stands for itself.
package families

import (
	"strconv"
	"strings"
)

// MaxSockaddr is the size in bytes of a buffer that has room for every sockaddr.
const MaxSockaddr = 128 // sizeof(struct sockaddr_storage), <sys/socket.h>

// Family is one format of addresses on one [System].
type Family interface {
	// Name returns the name of the format, such as "inet". It equals [Addr.Network], except for a
	// family that uses the addresses of another one.
	Name() string

	// Kind returns the kind of the addresses that Encode takes.
	Kind() Kind

	// Parse reads the text that [Addr.String] writes for an address of this family. The name of the
	// family and a colon may stand before it.
	Parse(s string) (Addr, error)

	// Encode writes the sockaddr of a to dst and returns its length in bytes. dst should have
	// MaxSockaddr bytes. Encode allocates nothing. The error is an *AddrError.
	Encode(dst []byte, a Addr) (int, error)

	// Decode reads a sockaddr. src must have exactly the bytes that the kernel reported; no bytes
	// give the zero Addr. Decode allocates only for strings: a path, a name, the service of hyperv.
	// The error is an *AddrError.
	Decode(src []byte) (Addr, error)
}

// formats is the table of all formats. To add a family, add its file, its test, and a line here. If
// its protocols have their own formats, add a line in protocols.go too. If several lines have the
// same number, the first one is used for an unknown protocol. If several lines have the same kind,
// the first one that the system has gives the number in its sockaddrs.
var formats = []format{
	{"inet", KindInet, everywhere(2), anyProtocol, inetCodec{}},
	{"inet6", KindInet6, perSystem{
		linux: 10, darwin: 30, freebsd: 28, netbsd: 24, openbsd: 24, dragonfly: 28, windows: 23,
	}, anyProtocol, inet6Codec{}},
	{"unix", KindUnix, everywhere(1), anyProtocol, unixCodec{}},

	// These families have sockets of their own, but their addresses are those of AF_INET.
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

	// These families have a format for some of their protocols only: see protocols.go.
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
	number    perSystem // AF_*; 0 if the system lacks it
	protocols protocols // the protocols of socket(2) that use this format; nil: all
	codec     codec
}

// perSystem holds a number for each system.
type perSystem [systems]int

func everywhere(n int) perSystem { return perSystem{n, n, n, n, n, n, n} }

// without returns p with 0 for system.
func (p perSystem) without(system int) perSystem {
	p[system] = 0
	return p
}

// protocols holds a list of socket protocols for each system.
type protocols [systems][]int

var anyProtocol protocols

// codec is the part that the file of a family supplies. It gets a sockaddr without the first two
// bytes, which hold the family and have the same meaning for all.
type codec interface {
	// text returns the text of an address. parse reads that text, and returns an address that can
	// be used or an error.
	text(a Addr) string
	parse(s string) (Addr, error)

	// encode fills body and returns the number of bytes used.
	encode(s *System, body []byte, a Addr) (int, error)
	decode(s *System, body []byte) (Addr, error)
}

// formatOf returns the first line of the table for k, or nil.
func formatOf(k Kind) *format {
	for i := range formats {
		if formats[i].kind == k {
			return &formats[i]
		}
	}
	return nil
}

// formatNamed returns the line of the table with that name, or nil.
func formatNamed(name string) *format {
	for i := range formats {
		if formats[i].name == name {
			return &formats[i]
		}
	}
	return nil
}

// HasFormat reports whether a format has that name, such as "inet" or "vsock". Parse then reads the
// name, a colon and an address of the format.
func HasFormat(name string) bool { return formatNamed(name) != nil }

// Parse reads an address of any family. It reads every text of [Addr.MarshalText], and those of
// [Addr.String] that need no family name. The package comment describes the syntax.
//
// A family's name and a colon at the beginning select the family. Without them, / and @ begin a
// unix address, [ begins an inet6 address, and anything else is inet. So a host with the name
// "unix" is written as "inet:unix:80".
//
// Parse keeps the scope of [fe80::1%2]:80. [Inet6] drops the scope of a host.
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

// misplaced returns an error that names the right text, if s is a URL, or begins with the name of a
// network as in package net and sock.Dial. Otherwise it returns nil.
func misplaced(s, name, body string) error {
	address, isURL := strings.CutPrefix(body, "//")
	if _, err := strconv.ParseUint(body, 10, 16); err == nil {
		return nil // name is the name of a host
	}
	switch name {
	case "tcp", "tcp4", "tcp6", "udp", "udp4", "udp6":
	case "unixgram", "unixpacket":
		address = "unix:" + address
	default:
		if !isURL {
			return nil // perhaps name is the host of an inet address
		}
		return notAnAddress("", s, "an address is no URL: write host:port")
	}
	return notAnAddress("", s, "an address has no network: write "+address+", or give "+name+":"+strings.TrimPrefix(body, "//")+" to sock.Dial")
}
