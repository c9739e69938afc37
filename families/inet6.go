package families

import (
	"encoding/binary"
	"net/netip"
	"strconv"
	"strings"
)

// Inet6 returns an IPv6 address without a flow label and a scope. The host is empty for the
// wildcard address, numeric, or a name, as for [Inet].
//
// Inet6 drops the scope of the host, as Python does: Inet6("fe80::1%2", 80) is [fe80::1]:80. Use
// [Inet6Scoped], [Parse] or [FromAddrPort] to keep it.
func Inet6(host string, port int) Addr {
	return Inet6Scoped(host, port, 0, 0)
}

// Inet6Scoped returns an IPv6 address with a flow label and a scope. flowinfo is 0 to 0xfffff.
// scope is the index of an interface, for addresses such as fe80::1.
//
// Inet6Scoped accepts any host, port and flow label. [Family.Encode] reports an address that cannot
// be used: first the host ([ErrHostFamily] for an IPv4 address, [ErrFamilyMismatch] for IPv4's
// broadcast address, [ErrHostNUL]), then the port ([ErrPort]), then the flow label ([ErrFlowInfo]).
func Inet6Scoped(host string, port int, flowinfo, scope uint32) Addr {
	return Addr{kind: KindInet6, port: port, a: flowinfo, b: scope}.withHost(host)
}

// FlowInfo returns the flow label of an inet6 address. In an address from the kernel it may have a
// traffic class above its 20 bits. Encode then reports it as [ErrFlowInfo].
func (a Addr) FlowInfo() uint32 {
	if a.kind != KindInet6 {
		return 0
	}
	return a.a
}

// withZone returns a with a zone from text. a has an address for a host.
func (a Addr) withZone(zone string) Addr {
	if isInterface(zone) {
		a.form, a.text = hostZone, zone
	} else if zone != "" {
		a.b, _ = scopeOf(zone)
	}
	return a
}

// inet6Codec encodes this structure of <netinet/in.h> (<ws2ipdef.h> on Windows). Only the header
// differs between systems:
//
//	struct sockaddr_in6 {
//		                           // header           0
//		in_port_t sin6_port;       // network order    2
//		uint32_t sin6_flowinfo;    // network order    4
//		struct in6_addr sin6_addr; // network order    8
//		uint32_t sin6_scope_id;    // host order      24
//	};                             //                 28
type inet6Codec struct{}

func (inet6Codec) text(a Addr) string {
	var b strings.Builder
	var query []string
	if a.a != 0 {
		query = append(query, "flowinfo="+utoa(a.a))
	}
	switch a.form {
	case hostBad:
		return badHostText(a)
	case hostName:
		b.WriteString("inet6:" + nameText(a))
		if a.b != 0 {
			query = append(query, "scope="+utoa(a.b))
		}
	default:
		b.WriteString("[" + ipText(a.ip()))
		if a.form == hostZone {
			b.WriteString("%" + escape(a.text, hostSyntax))
		} else if a.b != 0 {
			b.WriteString("%" + utoa(a.b))
		}
		b.WriteString("]:" + strconv.Itoa(a.port))
	}
	if query != nil {
		b.WriteString("?" + strings.Join(query, "&"))
	}
	return b.String()
}

func (inet6Codec) parse(s string) (Addr, error) {
	head, query, hasQuery := strings.Cut(s, "?")
	a, err := parseInet6(head)
	if err != nil {
		return Addr{}, err
	}
	if hasQuery {
		for item := range strings.SplitSeq(query, "&") {
			key, value, _ := strings.Cut(item, "=")
			n, err := strconv.ParseUint(value, 10, 32)
			switch {
			case err == nil && key == "flowinfo":
				a.a = uint32(n)
			case err == nil && key == "scope" && a.form == hostName: // an address has its scope within the brackets
				a.b = uint32(n)
			default:
				return Addr{}, notAnAddress("inet6", s, "after ? write flowinfo=NUMBER")
			}
		}
	}
	if err := a.checkFlowInfo(); err != nil {
		return Addr{}, err
	}
	return a, nil
}

// parseInet6 reads "[ip%zone]:port" or "name:port".
func parseInet6(s string) (Addr, error) {
	if strings.HasPrefix(s, "[") {
		return parseBrackets(s)
	}
	host, port, err := parseHostPort("inet6", s)
	if err != nil {
		return Addr{}, err
	}
	a := Inet6(host, port)
	if a.form == hostBad {
		return Addr{}, a.checkHost()
	}
	return a, nil
}

// parseBrackets reads "[ip%zone]:port".
func parseBrackets(s string) (Addr, error) {
	inside, port, ok := strings.Cut(strings.TrimPrefix(s, "["), "]:")
	if !ok {
		return Addr{}, notAnAddress("inet6", s, "no ]: before the port")
	}
	text, zone, hasZone := strings.Cut(inside, "%")
	ip, err := netip.ParseAddr(text)
	if err != nil || !ip.Is6() || hasZone && zone == "" {
		return Addr{}, notAnAddress("inet6", s, "only an IPv6 address may be in brackets")
	}
	n, err := parsePort("inet6", s, port)
	if err != nil {
		return Addr{}, err
	}
	return fromIP(ip, n).withZone(unescape(zone)), nil
}

func (inet6Codec) encode(_ *System, body []byte, a Addr) (int, error) {
	const n = 28 - headerLen
	if err := a.checkHost(); err != nil {
		return 0, err
	}
	if err := a.checkPort(); err != nil {
		return 0, err
	}
	if err := a.checkFlowInfo(); err != nil {
		return 0, err
	}
	if len(body) < n {
		return 0, noRoom("inet6", headerLen+len(body))
	}
	binary.BigEndian.PutUint16(body[0:], uint16(a.port))
	binary.BigEndian.PutUint32(body[2:], a.a)
	binary.BigEndian.PutUint64(body[6:], a.hi)
	binary.BigEndian.PutUint64(body[14:], a.lo)
	binary.NativeEndian.PutUint32(body[22:], a.b)
	return n, nil
}

func (a Addr) checkFlowInfo() error {
	if a.a > 0xfffff {
		return &AddrError{Family: "inet6", Value: utoa(a.a), Rule: ErrFlowInfo}
	}
	return nil
}

func (inet6Codec) decode(_ *System, body []byte) (Addr, error) {
	if len(body) < 28-headerLen {
		return Addr{}, short("inet6", headerLen+len(body))
	}
	return Addr{
		kind: KindInet6,
		port: int(binary.BigEndian.Uint16(body[0:])),
		a:    binary.BigEndian.Uint32(body[2:]),
		hi:   binary.BigEndian.Uint64(body[6:]),
		lo:   binary.BigEndian.Uint64(body[14:]),
		b:    binary.NativeEndian.Uint32(body[22:]),
	}, nil
}

func utoa(n uint32) string { return strconv.FormatUint(uint64(n), 10) }
