package families

import (
	"encoding/binary"
	"errors"
	"net"
	"net/netip"
	"strconv"
	"strings"
)

// form says whether an address is complete. For an inet or inet6 address it says how the host is
// stored:
//
//	hostName ──WithIP──▶ hostIP ◀──WithScope── hostZone
//	    └──WithIP, of the other family──▶ hostBad
type form uint8

const (
	hostIP   form = iota // an address, in hi and lo
	hostName             // a name, in text, that a resolver must look up
	hostZone             // an address in hi and lo, and in text the name of the interface that is its scope
	hostBad              // text that is no host for this family: checkHost returns the reason
)

// withHost returns a with that host. a must have no host yet. The rules are those of Python, and
// for numeric text those of getaddrinfo(3): an empty host is the wildcard address, "127.1" and
// "0x7f.1" are numeric, and inet accepts an IPv4 address in IPv6 form.
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

// isInterface reports whether zone is the name of an interface and not an index. An inet6 address
// drops the scope of its host. But a name is left to getaddrinfo, which fails if the interface does
// not exist.
func isInterface(zone string) bool {
	if zone == "" {
		return false
	}
	_, ok := scopeOf(zone)
	return !ok
}

func isBroadcast(host string) bool { return host == "<broadcast>" || host == "255.255.255.255" }

// numericHost returns the address that host spells, or the zero netip.Addr if host is a name.
func numericHost(host string) netip.Addr {
	if ip, err := netip.ParseAddr(host); err == nil {
		return ip
	}
	return shortIPv4(host)
}

// shortIPv4 reads the forms of inet_aton(3), which getaddrinfo(3) reads too. They have one to four
// parts in decimal, octal (017) or hexadecimal (0xf). The last part fills all remaining bytes.
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

// scopeOf returns the number that a zone spells: the index of an interface.
func scopeOf(zone string) (uint32, bool) {
	n, err := strconv.ParseUint(zone, 10, 32)
	return uint32(n), err == nil
}

// WithIP returns a with ip in place of its host. ip is a resolver's result for [Addr.Host]. The
// scope of a stays, and the zone of ip is ignored. For an inet address, an IPv4 address in IPv6
// form counts as IPv4. WithIP keeps an ip of the other family, and [Family.Encode] reports it.
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

// ip returns the address that hi and lo hold.
func (a Addr) ip() netip.Addr {
	if a.kind == KindInet {
		return addrFrom32(uint32(a.lo))
	}
	var b [16]byte
	binary.BigEndian.PutUint64(b[:8], a.hi)
	binary.BigEndian.PutUint64(b[8:], a.lo)
	return netip.AddrFrom16(b)
}

// Host returns the host of an inet or inet6 address: a name, or an address without its scope. For
// other kinds it is "".
func (a Addr) Host() string {
	switch {
	case !a.isIP():
		return ""
	case a.form == hostIP, a.form == hostZone:
		return ipText(a.ip())
	}
	return a.text
}

// ipText returns ip without its zone in C's form, inet_ntop(3). An IPv4-compatible address is
// ::1.2.3.4, and package netip writes it as ::102:304.
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

// Port returns the port of an inet or inet6 address as it was given, even if it is out of range.
// For other kinds it is 0.
func (a Addr) Port() int {
	if !a.isIP() {
		return 0
	}
	return a.port
}

// AddrPort returns a as a netip.AddrPort: its address, with the scope as the zone, and its port. It
// returns the zero AddrPort if a is of another kind, if its host is a name, or if its port is out
// of range.
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

// FromAddrPort returns ap as an inet or inet6 address. An IPv4 address in IPv6 form gives inet6. A
// zone that is a number becomes the scope; see [Addr.Zone] for a zone that is a name. If ap is not
// valid, the result is the zero Addr.
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

// checkHost returns nil if a has the address of a host, or the error.
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

// hostSyntax has the bytes to escape in a host name: each has a meaning in the syntax.
const hostSyntax = " :%?[]/@"

// nameText returns a host name and a port as text.
func nameText(a Addr) string { return escape(a.text, hostSyntax) + ":" + strconv.Itoa(a.port) }

// badHostText returns a text for people: the address cannot be used, so no function reads it back.
func badHostText(a Addr) string {
	return net.JoinHostPort(escape(a.text, ""), strconv.Itoa(a.port))
}

// parseHostPort splits "host:port". The host is an escaped name, an IPv4 address, or empty.
func parseHostPort(family, s string) (host string, port int, err error) {
	i := strings.LastIndexByte(s, ':')
	if i < 0 {
		return "", 0, notAnAddress(family, s, "no port")
	}
	host = s[:i]
	switch {
	case strings.ContainsAny(host, "[]"):
		return "", 0, notAnAddress(family, s, "only an IPv6 address may be in brackets")
	case strings.IndexByte(host, ':') >= 0:
		return "", 0, notAnAddress(family, s, "an IPv6 address must be in brackets")
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
		return 0, notAnAddress(family, s, "the port must be a decimal number")
	}
	return int(n), nil
}
