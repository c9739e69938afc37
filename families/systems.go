package families

import (
	"encoding/binary"
	"runtime"
	"slices"
	"strings"
)

// System is the layout of the addresses of one operating system.
type System struct {
	name  string // the GOOS of the system
	index int    // into perSystem

	// length is true if a sockaddr begins with its length:
	//
	//	BSD:             uint8_t sa_len; sa_family_t sa_family;    where sa_family_t is uint8_t
	//	Linux, Windows:                  sa_family_t sa_family;    where it is uint16_t, in the order of the host
	length bool

	sunPath  int  // sizeof(sun_path), <sys/un.h>
	abstract bool // a unix path with a first NUL is an abstract name, and an empty one asks for such a name

	formats []boundFormat // the formats of this system, in the order of the table
}

// These are the indices of perSystem.
const (
	linux = iota
	darwin
	freebsd
	netbsd
	openbsd
	dragonfly
	windows
	systems
)

// The systems whose layouts the package knows.
var (
	Linux     = newSystem(&System{name: "linux", index: linux, sunPath: 108, abstract: true})
	Darwin    = newSystem(&System{name: "darwin", index: darwin, sunPath: 104, length: true})
	FreeBSD   = newSystem(&System{name: "freebsd", index: freebsd, sunPath: 104, length: true})
	NetBSD    = newSystem(&System{name: "netbsd", index: netbsd, sunPath: 104, length: true})
	OpenBSD   = newSystem(&System{name: "openbsd", index: openbsd, sunPath: 104, length: true})
	DragonFly = newSystem(&System{name: "dragonfly", index: dragonfly, sunPath: 104, length: true})
	Windows   = newSystem(&System{name: "windows", index: windows, sunPath: 108})
)

// Host is the system that this program was built for. On a system that is not listed above it has
// no families.
var Host = systemNamed(runtime.GOOS)

func newSystem(s *System) *System {
	for i := range formats {
		if n := formats[i].number[s.index]; n != 0 {
			wire := n
			if f := s.familyOf(formats[i].kind); f != nil {
				wire = f.number
			}
			s.formats = append(s.formats, boundFormat{format: &formats[i], sys: s, number: n, wire: wire})
		}
	}
	return s
}

func systemNamed(goos string) *System {
	for _, s := range []*System{Linux, Darwin, FreeBSD, NetBSD, OpenBSD, DragonFly, Windows} {
		if s.name == goos {
			return s
		}
	}
	switch goos {
	case "android":
		return Linux
	case "ios":
		return Darwin
	}
	return &System{name: goos}
}

// String returns the name of the system as in GOOS: "linux".
func (s *System) String() string { return s.name }

// Lookup returns the format for the family and the protocol of a socket. It returns false if the
// table lacks the family, or the family has no format for that protocol: [System.NoFormat] returns
// which of the two. Most families have one format for all protocols.
func (s *System) Lookup(family, protocol int) (Family, bool) {
	if f := s.lookup(family, protocol); f != nil {
		return f, true
	}
	return nil, false // do not return f: a nil *boundFormat in a Family is not nil
}

func (s *System) lookup(family, protocol int) *boundFormat {
	for i := range s.formats {
		if f := &s.formats[i]; f.number == family && f.uses(protocol) {
			return f
		}
	}
	return nil
}

// FamilyOf returns the AF_ number of a on this system, or -1 if the system has none.
func (s *System) FamilyOf(a Addr) int {
	if a.kind == KindRaw {
		return int(a.a)
	}
	if f := s.familyOf(a.kind); f != nil {
		return f.wire
	}
	return -1
}

func (s *System) familyOf(k Kind) *boundFormat {
	for i := range s.formats {
		if s.formats[i].kind == k {
			return &s.formats[i]
		}
	}
	return nil
}

// Name returns the name of a family by its AF_ number: "inet", or "family 123" if the table lacks
// it. It is the name of the family's format. AF_BLUETOOTH and AF_CAN have several formats, and
// their names are "bluetooth" and "can".
func (s *System) Name(family int) string {
	if p := s.split(family); p != nil {
		return p.name
	}
	for i := range s.formats {
		if s.formats[i].number == family {
			return s.formats[i].name
		}
	}
	return rawName(family)
}

// Encode writes the sockaddr of a to dst, as [Family.Encode] of its family does. For an address of
// KindRaw it writes the family and the bytes.
func (s *System) Encode(dst []byte, a Addr) (int, error) {
	if a.kind == KindRaw {
		return s.encodeRaw(dst, a)
	}
	f := s.familyOf(a.kind)
	if f == nil {
		return 0, &AddrError{Family: a.Network(), Value: a.Network(), Rule: ErrBadFamily}
	}
	return f.Encode(dst, a)
}

// Decode reads a sockaddr of a socket with that family and protocol. src must have exactly the
// bytes that the kernel reported; no bytes give the zero Addr. The family in the bytes selects the
// format. The protocol is used only if that family is also the socket's. A family that the table
// lacks gives an address of KindRaw.
//
// A protocol of AF_BLUETOOTH without a format gives [ErrBluetoothProtocol]. A protocol of AF_CAN
// without a format gives an address with the interface only, the common part of all protocols.
func (s *System) Decode(family, protocol int, src []byte) (Addr, error) {
	if len(src) == 0 {
		return Addr{}, nil
	}
	if len(src) < headerLen {
		return Addr{}, short(s.Name(family), len(src))
	}
	number := s.family(src)
	f := s.lookup(number, protocol)
	if number != family || f == nil {
		if p := s.split(number); p != nil && p.mixed && number == family {
			return Addr{}, s.NoFormat(family, protocol)
		}
		f = s.firstOf(number)
	}
	if f == nil {
		return Raw(number, src[headerLen:]), nil
	}
	return f.Decode(src)
}

// firstOf returns the first format for a family's number, or nil.
func (s *System) firstOf(number int) *boundFormat {
	for i := range s.formats {
		if s.formats[i].number == number {
			return &s.formats[i]
		}
	}
	return nil
}

// headerLen is the number of bytes before the body of a sockaddr: the family, and on BSD also the
// length.
const headerLen = 2

// family returns the family's number in a sockaddr.
func (s *System) family(sa []byte) int {
	if s.length {
		return int(sa[1])
	}
	return int(binary.NativeEndian.Uint16(sa))
}

// putHeader writes the header of a sockaddr of n bytes.
func (s *System) putHeader(sa []byte, number, n int) {
	if s.length {
		sa[0], sa[1] = uint8(n), uint8(number)
		return
	}
	binary.NativeEndian.PutUint16(sa, uint16(number))
}

// boundFormat is a line of the table for one system.
type boundFormat struct {
	*format
	sys    *System
	number int // the family of the socket
	wire   int // the family in the sockaddr: the same, but AF_INET for AF_RDS
}

var _ Family = (*boundFormat)(nil)

func (f *boundFormat) uses(protocol int) bool {
	list := f.protocols[f.sys.index]
	return list == nil || slices.Contains(list, protocol)
}

func (f *boundFormat) Name() string { return f.name }
func (f *boundFormat) Kind() Kind   { return f.kind }

func (f *boundFormat) Parse(s string) (Addr, error) {
	return f.codec.parse(strings.TrimPrefix(s, f.name+":"))
}

func (f *boundFormat) Encode(dst []byte, a Addr) (int, error) {
	if a.kind != f.kind {
		return 0, &AddrError{Family: f.name, Value: a.Network(), Rule: ErrFamilyMismatch}
	}
	if len(dst) < headerLen {
		return 0, noRoom(f.name, len(dst))
	}
	n, err := f.codec.encode(f.sys, dst[headerLen:], a)
	if err != nil {
		return 0, err
	}
	n += headerLen
	f.sys.putHeader(dst, f.wire, n)
	return n, nil
}

func (f *boundFormat) Decode(src []byte) (Addr, error) {
	if len(src) == 0 {
		return Addr{}, nil
	}
	if len(src) < headerLen {
		return Addr{}, short(f.name, len(src))
	}
	if n := f.sys.family(src); n != f.wire {
		return Addr{}, &AddrError{Family: f.name, Value: f.sys.Name(n), Rule: ErrFamilyMismatch}
	}
	return f.codec.decode(f.sys, src[headerLen:])
}
