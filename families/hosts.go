package families

import (
	"encoding/binary"
	"errors"
	"net"
	"net/netip"
	"strconv"
	"strings"
)

// form says whether an address is complete. That of an inet or inet6 address says what it has for a
// host:
//
//	hostName ──WithIP──▶ hostIP ◀──WithScope── hostZone
//	    └──WithIP, of the other family──▶ hostBad
type form uint8

const (
	hostIP   form = iota // an address, in hi and lo
	hostName             // a name, in text, that a resolver has to look up
	hostZone             // an address in hi and lo, and in text the name of an interface, its scope
	hostBad              // text that is no host for this family: checkHost says why
)

// withHost is a, which has no host yet, with that one. The rules are those of Python and, for
// numeric text, of getaddrinfo(3): the empty host is the wildcard address, "127.1" and "0x7f.1" are
// numeric, and an IPv4 address in its IPv6 form will do for inet.
func (a Addr) withHost(host string) Addr {
	if host == "" {
		return a
	}
	if isBroadcast(host) && a.kind == KindInet {
		return a.WithIP(netip.AddrFrom4([4]byte{255, 255, 255, 255}))
	}
	if isBroadcast(host) || strings.IndexByte(host, 0) >= 0 {
		a.form, a.text = hostBad, host
		return a
	}
	ip := numericHost(host)
	if !ip.IsValid() || a.kind == KindInet6 && isInterface(ip.Zone()) {
		a.form, a.text = hostName, host
		return a
	}
	return a.WithIP(ip)
}

// isInterface reports whether zone names an interface, not its index. Of the host of an inet6
// address the scope is lost, but only getaddrinfo knows whether there is such an interface: if not,
// it fails.
func isInterface(zone string) bool {
	if zone == "" {
		return false
	}
	_, ok := scopeOf(zone)
	return !ok
}

func isBroadcast(host string) bool { return host == "<broadcast>" || host == "255.255.255.255" }

// numericHost is the address that host spells, or none if host is a name.
func numericHost(host string) netip.Addr {
	if ip, err := netip.ParseAddr(host); err == nil {
		return ip
	}
	return shortIPv4(host)
}

// shortIPv4 reads the forms of inet_aton(3), which getaddrinfo(3) reads too: one to four parts in
// decimal, octal (017) or hexadecimal (0xf), of which the last fills all bytes that are left.
func shortIPv4(host string) netip.Addr {
	parts := strings.SplitN(host, ".", 5)
	if len(parts) > 4 {
		return netip.Addr{}
	}
	last := len(parts) - 1
	var sum uint64
	for i, part := range parts {
		base := 10
		if hex, ok := strings.CutPrefix(strings.ToLower(part), "0x"); ok {
			base, part = 16, hex
		} else if len(part) > 1 && part[0] == '0' {
			base = 8
		}
		bits := 8
		if i == last {
			bits = 32 - 8*last
		}
		n, err := strconv.ParseUint(part, base, bits)
		if err != nil {
			return netip.Addr{}
		}
		sum = sum<<bits | n
	}
	return addrFrom32(uint32(sum))
}

func addrFrom32(n uint32) netip.Addr {
	var b [4]byte
	binary.BigEndian.PutUint32(b[:], n)
	return netip.AddrFrom4(b)
}

// scopeOf is the number that a zone spells: the index of an interface.
func scopeOf(zone string) (uint32, bool) {
	n, err := strconv.ParseUint(zone, 10, 32)
	return uint32(n), err == nil
}

// WithIP is a with ip in place of its host: what a resolver found for [Addr.Host]. The scope
// remains that of a, whatever the zone of ip. An ip of the other family is kept, and reported at
// use; for inet one that is an IPv4 address in IPv6 form counts as IPv4.
func (a Addr) WithIP(ip netip.Addr) Addr {
	if !a.isIP() || !ip.IsValid() {
		return a
	}
	if a.kind == KindInet {
		ip = ip.Unmap()
	}
	a.form, a.text, a.hi, a.lo = hostIP, "", 0, 0
	switch {
	case a.kind == KindInet && ip.Is4():
		b := ip.As4()
		a.lo = uint64(binary.BigEndian.Uint32(b[:]))
	case a.kind == KindInet6 && ip.Is6():
		b := ip.As16()
		a.hi, a.lo = binary.BigEndian.Uint64(b[:8]), binary.BigEndian.Uint64(b[8:])
	default:
		a.form, a.text = hostBad, ip.String()
	}
	return a
}

func (a Addr) isIP() bool { return a.kind == KindInet || a.kind == KindInet6 }

// ip is the address that hi and lo hold.
func (a Addr) ip() netip.Addr {
	if a.kind == KindInet {
		return addrFrom32(uint32(a.lo))
	}
	var b [16]byte
	binary.BigEndian.PutUint64(b[:8], a.hi)
	binary.BigEndian.PutUint64(b[8:], a.lo)
	return netip.AddrFrom16(b)
}

// NeedsHost reports whether the host is a name, to be resolved for the family of a: see
// [Addr.WithIP]. It is false for numeric text of another family, which nothing resolves.
func (a Addr) NeedsHost() bool { return a.isIP() && a.form == hostName }

// Host is the address without its scope, or the name, of the host of an inet or inet6 address. That
// of any other is "".
func (a Addr) Host() string {
	switch {
	case !a.isIP():
		return ""
	case a.form == hostIP, a.form == hostZone:
		return ipText(a.ip())
	}
	return a.text
}

// ipText is the text of ip as C writes it, without its zone: of an IPv4-compatible address ::1.2.3.4,
// where package netip has ::102:304 (inet_ntop(3)).
func ipText(ip netip.Addr) string {
	ip = ip.WithZone("")
	if ip.Is6() {
		b := ip.As16()
		if [12]byte(b[:12]) == [12]byte{} && b[12]|b[13] != 0 {
			return "::" + netip.AddrFrom4([4]byte(b[12:])).String()
		}
	}
	return ip.String()
}

// Port is the port of an inet or inet6 address as it was given, in range or not. That of any other
// is 0.
func (a Addr) Port() int {
	if !a.isIP() {
		return 0
	}
	return a.port
}

// AddrPort is a as package netip has it: its address, with the scope as its zone, and its port. It
// is the zero AddrPort if a is of another family, its host is a name, or its port is out of range.
func (a Addr) AddrPort() netip.AddrPort {
	if !a.isIP() || a.checkPort() != nil {
		return netip.AddrPort{}
	}
	switch a.form {
	case hostIP:
		ip := a.ip()
		if a.b != 0 {
			ip = ip.WithZone(strconv.FormatUint(uint64(a.b), 10))
		}
		return netip.AddrPortFrom(ip, uint16(a.port))
	case hostZone:
		return netip.AddrPortFrom(a.ip().WithZone(a.text), uint16(a.port))
	}
	return netip.AddrPort{}
}

// FromAddrPort is ap as an inet or inet6 address; one of IPv4 in IPv6 form remains inet6. A zone
// that is a number becomes the scope; for one that is a name see [Addr.Zone]. It is the zero Addr
// if ap is not valid.
func FromAddrPort(ap netip.AddrPort) Addr {
	if !ap.IsValid() {
		return Addr{}
	}
	return fromIP(ap.Addr(), int(ap.Port()))
}

func fromIP(ip netip.Addr, port int) Addr {
	if ip.Is4() {
		return Addr{kind: KindInet, port: port}.WithIP(ip)
	}
	return Addr{kind: KindInet6, port: port}.WithIP(ip).withZone(ip.Zone())
}

// checkHost is nil if a has the address of a host.
func (a Addr) checkHost() error {
	rule := ErrHostFamily
	switch {
	case a.form == hostIP:
		return nil
	case a.form == hostName:
		rule = ErrHostUnresolved
	case a.form == hostZone:
		rule = ErrZoneUnresolved
	case strings.IndexByte(a.text, 0) >= 0:
		rule = ErrHostNUL
	case isBroadcast(a.text):
		rule = ErrFamilyMismatch
	}
	return &AddrError{Family: a.Network(), Value: strconv.Quote(a.text), Rule: rule}
}

func (a Addr) checkPort() error {
	if a.port < 0 || a.port > 0xffff {
		return &AddrError{Family: a.Network(), Value: strconv.Itoa(a.port), Rule: ErrPort}
	}
	return nil
}

// hostSyntax is what is escaped in a name: all that begins or ends something else.
const hostSyntax = " :%?[]/@"

// nameText is a name and a port as text.
func nameText(a Addr) string { return escape(a.text, hostSyntax) + ":" + strconv.Itoa(a.port) }

// badHostText is for people to read: what it is the text of cannot be used.
func badHostText(a Addr) string {
	return net.JoinHostPort(escape(a.text, ""), strconv.Itoa(a.port))
}

// parseHostPort splits "host:port", where the host is a name, escaped, or an IPv4 address, or
// empty.
func parseHostPort(family, s string) (host string, port int, err error) {
	i := strings.LastIndexByte(s, ':')
	if i < 0 {
		return "", 0, notAnAddress(family, s, "no port")
	}
	host = s[:i]
	switch {
	case strings.ContainsAny(host, "[]"):
		return "", 0, notAnAddress(family, s, "only an IPv6 address stands in brackets")
	case strings.IndexByte(host, ':') >= 0:
		return "", 0, notAnAddress(family, s, "an IPv6 address stands in brackets")
	}
	port, err = parsePort(family, s, s[i+1:])
	return unescape(host), port, err
}

func parsePort(family, s, digits string) (int, error) {
	n, err := strconv.ParseUint(digits, 10, 16)
	switch {
	case errors.Is(err, strconv.ErrRange):
		return 0, &AddrError{Family: family, Value: digits, Rule: ErrPort}
	case err != nil:
		return 0, notAnAddress(family, s, "a port is a decimal number")
	}
	return int(n), nil
}
