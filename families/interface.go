package families

import (
	"strconv"
	"strings"
)

// Packet, CAN and link addresses have an interface. A sockaddr of packet and CAN sockets holds its
// index, which is in b. If form is ifName, text holds a name that must still be turned into the
// index.
const (
	ifIndex = hostIP
	ifName  = hostZone
	ifBad   = hostBad // no name of an interface, or another argument that cannot be kept: the family's check returns the reason
)

// hasInterface reports whether a is a packet or CAN address. Its interface is a name or an index.
func (a Addr) hasInterface() bool {
	switch a.kind {
	case KindPacket, KindCAN, KindISOTP, KindJ1939:
		return true
	}
	return false
}

// withInterface returns a with that interface. "" is index 0 and means all interfaces.
func (a Addr) withInterface(name string) Addr {
	if name != "" {
		a.form, a.text = ifName, name
	}
	return a
}

// Interface returns the interface of a packet, CAN or link address. It is either a name that was
// not yet turned into an index, or an index, where 0 means all interfaces. The kernel reports only
// the index. A link address may have both.
func (a Addr) Interface() (name string, index uint32) {
	switch {
	case a.kind == KindLink:
		return a.text[:a.port], a.b
	case !a.hasInterface():
		return "", 0
	}
	name, _, _ = strings.Cut(a.text, "\x00")
	return name, a.b
}

// ScopeID returns the scope of an inet6 address, or the index of the interface of a packet, CAN or
// link address. It is 0 if a has none, or only a name.
func (a Addr) ScopeID() uint32 {
	if a.kind != KindInet6 && a.kind != KindLink && !a.hasInterface() {
		return 0
	}
	return a.b
}

const ifNameSize = 16 // IFNAMSIZ, <linux/if.h>

// WithScope returns the inet6, packet or CAN address a with that scope, or index of an interface,
// in place of its scope, index or zone. It returns an address of another kind unchanged.
func (a Addr) WithScope(scope uint32) Addr {
	if a.kind != KindInet6 && !a.hasInterface() || a.form == ifBad && a.kind != KindInet6 {
		return a
	}
	a.b = scope
	if a.form == hostZone {
		_, hardware, long := strings.Cut(a.text, "\x00")
		a.form, a.text = hostIP, ""
		if long && a.kind == KindPacket {
			a.text = "\x00" + hardware
		}
	}
	return a
}

// interfaceSyntax has the bytes to escape in the name of an interface.
const interfaceSyntax = " ,:#?"

// interfaceText returns the name of the interface, or # and its index.
func (a Addr) interfaceText() string {
	if name, index := a.Interface(); name == "" {
		return "#" + utoa(index)
	} else {
		return escape(name, interfaceSyntax)
	}
}

// interfaceOf returns a with the interface that s spells, as interfaceText writes it. "" is index
// 0.
func (r *fieldReader) interfaceOf(a Addr, s string) Addr {
	digits, ok := strings.CutPrefix(s, "#")
	if !ok {
		return a.withInterface(unescape(s))
	}
	n, err := strconv.ParseUint(digits, 10, 32)
	if err != nil {
		r.fail("the index of an interface must be a number")
	}
	return a.WithScope(uint32(n))
}
