package families

// A Part is the part of an address that is still a name, and that must become a number before the
// address can be used. Only the system can turn it into one.
type Part uint8

const (
	PartNone      Part = iota // all parts are numbers
	PartHost                  // the host of an inet or inet6 address: see [Addr.WithIP]
	PartInterface             // the scope of an inet6 address, the interface of a packet or CAN address: see [Addr.WithScope]
	PartControl               // the kernel control of a system address: see [Addr.WithSystemID]
)

// Unresolved returns the part of a that is still a name, and the name. No address has two such
// parts. It returns PartNone and "" if [Family.Encode] needs no more: then a is complete, or it
// breaks a rule that no name can mend.
//
// Only the first 15 bytes of the name of an interface in a packet address count, as in Python.
func (a Addr) Unresolved() (Part, string) {
	switch {
	case a.isIP() && a.form == hostName:
		return PartHost, a.text
	case a.kind == KindInet6 && a.form == hostZone:
		return PartInterface, a.text
	case a.hasInterface() && a.form == ifName:
		name, _ := a.Interface()
		if a.kind == KindPacket {
			name = name[:min(len(name), ifNameSize-1)]
		}
		return PartInterface, name
	case a.kind == KindSystem && a.form == systemName:
		return PartControl, a.text
	}
	return PartNone, ""
}

// NeedsHost reports whether the host is a name that must be resolved: the part of [Addr.Unresolved]
// is PartHost. It is false for a numeric address of another family, since a resolver cannot help
// there.
func (a Addr) NeedsHost() bool {
	part, _ := a.Unresolved()
	return part == PartHost
}

// Zone returns the name of an interface that must be turned into an index: the name of
// [Addr.Unresolved], if the part is PartInterface, otherwise "". An inet6 address has a zone only
// if [Parse], [FromAddrPort] or [FromNet] made it.
func (a Addr) Zone() string {
	part, name := a.Unresolved()
	if part != PartInterface {
		return ""
	}
	return name
}
