package sock

import (
	"strconv"
	"strings"
)

// String is the name of the family on this system, "AF_INET", or its number if it has none.
func (f Family) String() string { return nameOf(familyNames, int(f)) }

// String is the name of the type, "SOCK_STREAM", or its number if it has none, with what is or-ed to it: "SOCK_STREAM|SOCK_NONBLOCK".
func (t Type) String() string {
	if flags := t & typeFlags; flags != 0 && t > 0 {
		return nameOf(typeNames, int(t&^typeFlags)) + "|" + flagsOf(typeNames, int(flags))
	}
	return nameOf(typeNames, int(t))
}

// MsgFlagNames are the names of flags of a message, "MSG_PEEK|MSG_DONTWAIT". Bits without a name come last, as a number; no flags
// are "0".
func MsgFlagNames(flags int) string { return flagsOf(msgFlagNames, flags) }

// AddrInfoFlagNames are the names of flags of getaddrinfo, "AI_PASSIVE|AI_NUMERICHOST", as MsgFlagNames has them.
func AddrInfoFlagNames(flags int) string { return flagsOf(addrInfoFlagNames, flags) }

func nameOf(names []constName, value int) string {
	for _, n := range names {
		if n.value == value {
			return n.name
		}
	}
	return strconv.Itoa(value)
}

func flagsOf(names []constName, flags int) string {
	var found []string
	for _, n := range names {
		if n.value != 0 && flags&n.value == n.value {
			found = append(found, n.name)
			flags &^= n.value
		}
	}
	if flags != 0 || len(found) == 0 {
		rest := strconv.Itoa(flags)
		if flags > 0 {
			rest = "0x" + strconv.FormatInt(int64(flags), 16)
		}
		found = append(found, rest)
	}
	return strings.Join(found, "|")
}
