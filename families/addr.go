package families

import "strconv"

// Addr is the address of a socket of any family: a small comparable value and a [net.Addr].
// The zero Addr is no address.
//
// Making one never fails. A wrong port, a path that is too long, a host that the family cannot use:
// each is kept as it was given, and reported by [Family.Encode] when the address is used.
type Addr struct {
	kind Kind
	form form

	// What the rest holds depends on the kind:
	//
	//            a         b      port  hi, lo                   text
	//  inet      -         -      port  lo: the IPv4 number      the host, unless form is hostIP
	//  inet6     flowinfo  scope  port  the IPv6 number          the host, or the zone if form is hostZone
	//  unix      -         -      -     -                        the path; a first NUL makes it abstract
	//  raw       family    -      -     -                        the bytes that follow the family
	//  others    see their files
	a, b   uint32
	port   int
	hi, lo uint64
	text   string
}

// Kind says which of the formats an [Addr] has. A family with several formats has a Kind for each.
type Kind uint8

const (
	KindNone  Kind = iota // the zero Addr
	KindInet              // IPv4, or the name of a host that is to have an IPv4 address
	KindInet6             // IPv6, or the name of a host that is to have an IPv6 address
	KindUnix              // a path, or an abstract name of Linux
	KindRaw               // the number of a family that is not in the table, and its bytes

	KindNetlink // the port and the groups of a netlink socket
	KindPacket  // an interface, and what a frame on it has
	KindVsock   // a virtual machine and a port
	KindTIPC    // a service, a range of services, or a socket
	KindALG     // the type and the name of an algorithm
	KindQIPCRTR // a node and a port of the IPC router
	KindLink    // an interface and its hardware address, on BSD

	KindCAN   // a CAN interface, for CAN_RAW and CAN_BCM
	KindISOTP // and the identifiers of an ISO-TP channel
	KindJ1939 // and the name, group number and address of a J1939 node

	KindL2CAP  // a Bluetooth device and a PSM
	KindRFCOMM // a Bluetooth device and a channel
	KindHCI    // a Bluetooth controller of this host
	KindSCO    // a Bluetooth device

	KindHyperV // a virtual machine and a service, on Windows
	KindSystem // a kernel control of macOS
)

// String is the name of the format: "inet", "unix".
func (k Kind) String() string {
	switch k {
	case KindNone:
		return ""
	case KindRaw:
		return "raw"
	}
	if f := formatOf(k); f != nil {
		return f.name
	}
	return "kind " + strconv.Itoa(int(k))
}

// IsZero reports whether a is no address.
func (a Addr) IsZero() bool { return a == Addr{} }

// Kind is the format of a.
func (a Addr) Kind() Kind { return a.kind }

// Network is the name of the format, which is that of the family if it has one format only: "inet",
// "unix", but "isotp" and not "can"; "family 123" for a family without one. That of the zero Addr
// is "".
func (a Addr) Network() string {
	if a.kind == KindRaw {
		return rawName(int(a.a))
	}
	return a.kind.String()
}

// String is the text of a, which [Family.Parse] of its family reads back: "127.0.0.1:80",
// "[fe80::1%2]:80", "/run/app", "@abstract". The zero Addr prints as "".
//
// [Parse] reads it back too, if the kind is inet, inet6, unix or raw. For any kind there is
// [Addr.MarshalText].
func (a Addr) String() string {
	switch a.kind {
	case KindNone:
		return ""
	case KindRaw:
		return rawText(a)
	}
	if f := formatOf(a.kind); f != nil {
		return f.codec.text(a)
	}
	return ""
}

// MarshalText is the text of a that [Parse] reads back: String, and in front of it the name of the
// family if Parse would otherwise take it for something else. The zero Addr gives an empty text. An
// address that cannot be used, such as one whose port is 70000, gives the error that says why.
func (a Addr) MarshalText() ([]byte, error) {
	s := a.String()
	if a.IsZero() {
		return []byte(s), nil
	}
	if b, err := Parse(s); err == nil && b == a {
		return []byte(s), nil
	}
	s = a.Network() + ":" + s
	switch b, err := Parse(s); {
	case err != nil:
		return nil, err
	case b != a:
		return nil, &AddrError{Family: a.Network(), Value: s, Rule: ErrSyntax}
	}
	return []byte(s), nil
}

// UnmarshalText sets a to what [Parse] makes of text, or to the zero Addr if text is empty.
func (a *Addr) UnmarshalText(text []byte) error {
	if len(text) == 0 {
		*a = Addr{}
		return nil
	}
	b, err := Parse(string(text))
	if err != nil {
		return err
	}
	*a = b
	return nil
}

// Family is the AF_ number of a on this system: the family of a socket that can use it. It is -1 for
// the zero Addr, and for an address of a family that the system does not have.
func (a Addr) Family() int { return Host.FamilyOf(a) }
