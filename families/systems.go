package families

import (
	"encoding/binary"
	"runtime"
	"slices"
	"strings"
)

// System says how one operating system lays its addresses out.
type System struct {
	name  string // as in GOOS
	index int    // into perSystem

	// length is whether a sockaddr begins with its length:
	//
	//	BSD:             uint8_t sa_len; sa_family_t sa_family;    where sa_family_t is uint8_t
	//	Linux, Windows:                  sa_family_t sa_family;    where it is uint16_t, in the order of the host
	length bool

	sunPath  int  // sizeof(sun_path), <sys/un.h>
	abstract bool // a unix path with a first NUL is an abstract name, and an empty one asks for a name

	formats []boundFormat // the formats of this system, in the order of the table
}

// The indices of perSystem.
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

// The systems that there are layouts of.
var (
	Linux     = newSystem(&System{name: "linux", index: linux, sunPath: 108, abstract: true})
	Darwin    = newSystem(&System{name: "darwin", index: darwin, sunPath: 104, length: true})
	FreeBSD   = newSystem(&System{name: "freebsd", index: freebsd, sunPath: 104, length: true})
	NetBSD    = newSystem(&System{name: "netbsd", index: netbsd, sunPath: 104, length: true})
	OpenBSD   = newSystem(&System{name: "openbsd", index: openbsd, sunPath: 104, length: true})
	DragonFly = newSystem(&System{name: "dragonfly", index: dragonfly, sunPath: 104, length: true})
	Windows   = newSystem(&System{name: "windows", index: windows, sunPath: 108})
)

// Host is the system that this program was built for. On one that is none of the above it has no
// family.
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

// String is the name of the system as GOOS has it: "linux".
func (s *System) String() string { return s.name }

// Lookup finds the format for the family and the protocol of a socket. It is false if the family is
// not in the table, or has no format for that protocol: [System.NoFormat] says which. Most families
// have one for all protocols.
func (s *System) Lookup(family, protocol int) (Family, bool) {
	if f := s.lookup(family, protocol); f != nil {
		return f, true
	}
	return nil, false // not f: a nil *boundFormat in a Family is not nil
}

func (s *System) lookup(family, protocol int) *boundFormat {
	for i := range s.formats {
		if f := &s.formats[i]; f.number == family && f.uses(protocol) {
			return f
		}
	}
	return nil
}

// FamilyOf is the AF_ number of a on this system, or -1 if it has none.
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

// Name is the name of a family by its AF_ number: "inet", or "family 123" if it is not in the
// table. It is that of its format, except for AF_BLUETOOTH, "bluetooth"; and AF_CAN is "can" for
// all protocols.
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

// Encode writes the sockaddr of a, of whatever family it is, as its [Family.Encode] does. That of
// an address of KindRaw is its family and its bytes.
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

// Decode reads exactly the bytes that the kernel reported for a socket of that family and protocol.
// None at all are the zero Addr. The family within the bytes decides how they are read; the
// protocol counts only if it is the socket's too. One that is not in the table gives an address of
// KindRaw.
//
// A protocol of AF_BLUETOOTH without a format gives [ErrBluetoothProtocol], one of AF_CAN what its
// protocols have in common, the interface.
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

// firstOf is the format for a number alone, or nil.
func (s *System) firstOf(number int) *boundFormat {
	for i := range s.formats {
		if s.formats[i].number == number {
			return &s.formats[i]
		}
	}
	return nil
}

// headerLen is what precedes the body of each sockaddr: the family, on BSD after the length.
const headerLen = 2

// family reads the number within a sockaddr.
func (s *System) family(sa []byte) int {
	if s.length {
		return int(sa[1])
	}
	return int(binary.NativeEndian.Uint16(sa))
}

// putHeader begins a sockaddr of n bytes.
func (s *System) putHeader(sa []byte, number, n int) {
	if s.length {
		sa[0], sa[1] = uint8(n), uint8(number)
		return
	}
	binary.NativeEndian.PutUint16(sa, uint16(number))
}

// boundFormat is a line of the table on one system.
type boundFormat struct {
	*format
	sys    *System
	number int // of the socket
	wire   int // within the sockaddr: the same, but AF_INET for AF_RDS
}

var _ Family = (*boundFormat)(nil)

func (f *boundFormat) uses(protocol int) bool {
	list := f.protocols[f.sys.index]
	return list == nil || slices.Contains(list, protocol)
}

func (f *boundFormat) Name() string { return f.name }

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
