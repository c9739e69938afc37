package sock

import (
	"strconv"
	"strings"
)

// String returns the name of the family on this system, such as "AF_INET". A family without a name
// is its number.
func (f Family) String() string { return nameOf(familyNames, int(f)) }

// String returns the name of the type and of the flags in it: "SOCK_STREAM",
// "SOCK_STREAM|SOCK_NONBLOCK". A type without a name is its number.
func (t Type) String() string {
	if flags := t & typeFlags; flags != 0 && t > 0 {
		return nameOf(typeNames, int(t&^typeFlags)) + "|" + flagsOf(typeNames, int(flags))
	}
	return nameOf(typeNames, int(t))
}

// MsgFlagNames returns the names of MSG_* flags: "MSG_PEEK|MSG_DONTWAIT". Bits without a name come
// last, as a number. Without flags it returns "0".
func MsgFlagNames(flags int) string { return flagsOf(msgFlagNames, flags) }

// AddrInfoFlagNames returns the names of AI_* flags, in the form of MsgFlagNames:
// "AI_PASSIVE|AI_NUMERICHOST".
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
