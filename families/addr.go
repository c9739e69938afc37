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

// Network is the name of the family: "inet", "inet6", "unix", "family 123" for one without a format.
// That of the zero Addr is "".
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
