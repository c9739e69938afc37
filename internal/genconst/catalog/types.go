package catalog

import "strings"

// TypeOf is the type that a constant has in package sock, with a space behind it, or "" for one
// that has none.
//
// Families, types of sockets and flags of messages have one, and of the protocols those that are
// nothing else. The IPPROTO_* have none, since each is the level of an option too, and so have the
// CAN_*, which make a level with SOL_CAN_BASE: SOL_CAN_BASE + CAN_ISOTP.
func TypeOf(row Row) string {
	switch {
	case row.Kind != "constant":
		return ""
	case row.Group == "AF":
		return "Family "
	case row.Group == "SOCK":
		return "Type "
	case row.Group == "NETLINK", strings.HasPrefix(row.Name, "BTPROTO_"):
		return "Protocol "
	}
	switch row.Name {
	case "SYSPROTO_CONTROL", "HV_PROTOCOL_RAW":
		return "Protocol "
	}
	return ""
}
