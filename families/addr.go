package families

import "strconv"

// Addr is the address of a socket of any family. It is a small comparable value and a [net.Addr].
// The zero Addr is no address.
//
// The functions that make an Addr never fail. They keep a wrong port, a path that is too long, or a
// host that the family cannot use. [Family.Encode] reports the mistake when the address is used.
type Addr struct {
	kind Kind
	form form

	// The other fields depend on the kind:
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

// Kind is the format of an [Addr]. A family with several formats has a Kind for each.
type Kind uint8

const (
	KindNone  Kind = iota // the zero Addr
	KindInet              // IPv4, or a host name to be resolved to an IPv4 address
	KindInet6             // IPv6, or a host name to be resolved to an IPv6 address
	KindUnix              // a path, or an abstract name of Linux
	KindRaw               // the number of a family that the table lacks, and its bytes

	KindNetlink // the port and the groups of a netlink socket
	KindPacket  // an interface, and the properties of a frame on it
	KindVsock   // a virtual machine and a port
	KindTIPC    // a service, a range of services, or a socket
	KindALG     // the type and the name of an algorithm
	KindQIPCRTR // a node and a port of the IPC router
	KindLink    // an interface and its hardware address, on BSD

	KindCAN   // a CAN interface, for CAN_RAW and CAN_BCM
	KindISOTP // a CAN interface, and the identifiers of an ISO-TP channel
	KindJ1939 // a CAN interface, and the name, group number and address of a J1939 node

	KindL2CAP  // a Bluetooth device and a PSM
	KindRFCOMM // a Bluetooth device and a channel
	KindHCI    // a Bluetooth controller of this host
	KindSCO    // a Bluetooth device

	KindHyperV // a virtual machine and a service, on Windows
	KindSystem // a kernel control of macOS
)

// String returns the name of the format, such as "inet" or "unix".
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

// Kind returns the format of a.
func (a Addr) Kind() Kind { return a.kind }

// Network returns the name of the format, such as "inet" or "unix". A family with one format has
// the same name as its format; of AF_CAN, with several, the name is for example "isotp". It is
// "family 123" for a family without a format, and "" for the zero Addr.
func (a Addr) Network() string {
	if a.kind == KindRaw {
		return rawName(int(a.a))
	}
	return a.kind.String()
}

// String returns the text of a: "127.0.0.1:80", "[fe80::1%2]:80", "/run/app", "@abstract". The zero
// Addr gives "". [Family.Parse] of its family reads the text back.
//
// [Parse] reads it back too, if the kind is inet, inet6, unix or raw. Use [Addr.MarshalText] for a
// text that Parse reads back for every kind.
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

// MarshalText returns a text of a that [Parse] reads back. It is String, with the name of the
// family and a colon in front if Parse would otherwise misread it. The zero Addr gives an empty
// text. An address that cannot be used, for example with port 70000, gives the error of Parse.
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

// UnmarshalText sets a to the result of [Parse] for text, or to the zero Addr if text is empty.
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

// Family returns the AF_ number of a on this system: the family of a socket that can use it. It
// returns -1 for the zero Addr, and for an address of a family that the system does not have.
func (a Addr) Family() int { return Host.FamilyOf(a) }
