package families

import (
	"strconv"
	"strings"
)

// Packet, CAN and link addresses have an interface. In those of packet and CAN sockets it is a
// number, and so it is within b; a name is within text, and form is ifName, until it has been
// turned into the number.
const (
	ifIndex = hostIP
	ifName  = hostZone
	ifBad   = hostBad // no name of an interface, or another argument that cannot be kept: the family's check says why
)

// hasInterface reports whether the name of the interface has to be turned into its index.
func (a Addr) hasInterface() bool {
	switch a.kind {
	case KindPacket, KindCAN, KindISOTP, KindJ1939:
		return true
	}
	return false
}

// withInterface is a with that interface; "" is index 0, which means all of them.
func (a Addr) withInterface(name string) Addr {
	if name != "" {
		a.form, a.text = ifName, name
	}
	return a
}

// Interface is the interface of a packet, CAN or link address: its name, if it has not been turned
// into its index, and otherwise the index, 0 for all interfaces. From the kernel comes the index
// alone; in a link address both.
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

// ScopeID is the scope of an inet6 address, 0 if it has none or it is not resolved; and the index
// of the interface of a packet, CAN or link address.
func (a Addr) ScopeID() uint32 {
	if a.kind != KindInet6 && a.kind != KindLink && !a.hasInterface() {
		return 0
	}
	return a.b
}

// Zone is the name of the interface that has yet to be turned into the scope of an inet6 address,
// or into the index of the interface of a packet or CAN address, with [Addr.WithScope]. It is "" if
// there is nothing to do. An inet6 address with one comes from [Parse], [FromAddrPort] and
// [FromNet].
//
// As in Python, only the first 15 bytes of the name of a packet address count.
func (a Addr) Zone() string {
	if a.form != hostZone {
		return ""
	}
	switch {
	case a.kind == KindInet6:
		return a.text
	case a.kind == KindPacket:
		name, _ := a.Interface()
		return name[:min(len(name), ifNameSize-1)]
	case a.hasInterface():
		return a.text
	}
	return ""
}

const ifNameSize = 16 // IFNAMSIZ, <linux/if.h>

// WithScope is the inet6, packet or CAN address a with that scope, or index of an interface, in
// place of its own or of its zone. Any other is a itself.
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

// interfaceSyntax is what is escaped in the name of an interface.
const interfaceSyntax = " ,:#?"

// interfaceText is the name of the interface, or # and its index.
func (a Addr) interfaceText() string {
	if name, index := a.Interface(); name == "" {
		return "#" + utoa(index)
	} else {
		return escape(name, interfaceSyntax)
	}
}

// interfaceOf is a with the interface that s, its interfaceText, spells; "" is index 0 too.
func (r *fieldReader) interfaceOf(a Addr, s string) Addr {
	digits, ok := strings.CutPrefix(s, "#")
	if !ok {
		return a.withInterface(unescape(s))
	}
	n, err := strconv.ParseUint(digits, 10, 32)
	if err != nil {
		r.fail("the index of an interface is a number")
	}
	return a.WithScope(uint32(n))
}
