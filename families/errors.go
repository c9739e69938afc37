package families

import "strconv"

// AddrError reports the rule of its family that an address breaks.
//
// Package sock wraps it with the name of the operation.
type AddrError struct {
	Family string // the name of the family, or "" if it is unknown
	Value  string // the part that breaks the rule, or "" if the rule says everything
	Rule   Rule   // the rule; errors.Is matches it
}

func (e *AddrError) Error() string {
	if e.Value == "" {
		return string(e.Rule)
	}
	return string(e.Rule) + " (got " + e.Value + ")"
}

// Unwrap returns the rule, so that errors.Is(err, families.ErrPort) matches it.
func (e *AddrError) Unwrap() error { return e.Rule }

// Rule is a rule that an address can break. It is an error by itself. Its text is that of Python's
// socket module where Python has one.
type Rule string

func (r Rule) Error() string { return string(r) }

const (
	ErrPort     Rule = "port must be 0-65535"
	ErrFlowInfo Rule = "flowinfo must be 0-1048575"

	// ErrHostFamily means that the host is a numeric address of another family (EAI_ADDRFAMILY).
	ErrHostFamily Rule = "address family for hostname not supported"
	// ErrHostNUL means that the host name contains a NUL, where C would end it.
	ErrHostNUL Rule = "host name must not contain null character"
	// ErrHostUnresolved means that the host is a name: see [Addr.NeedsHost] and [Addr.WithIP].
	ErrHostUnresolved Rule = "host name is not resolved"
	// ErrZoneUnresolved means that the scope of an inet6 address, or the interface of a packet or
	// CAN address, is a name and not an index: see [Addr.Zone] and [Addr.WithScope].
	ErrZoneUnresolved Rule = "zone is not resolved"

	ErrPathTooLong Rule = "AF_UNIX path too long"

	// ErrNUL means that a name contains a NUL, where C would end it.
	ErrNUL Rule = "embedded null character"

	// ErrPacketRange means that an argument of [PacketLL] does not fit into a C int.
	ErrPacketRange Rule = "address argument out of range"
	ErrPacketAddr  Rule = "Hardware address must be 8 bytes or less"
	ErrPacketProto Rule = "proto must be 0-65535"

	ErrTIPCType Rule = "Invalid address type"

	ErrALGType Rule = "AF_ALG type too long."
	ErrALGName Rule = "AF_ALG name too long."

	ErrCANInterface Rule = "AF_CAN interface name too long"
	ErrCANProtocol  Rule = "unsupported CAN protocol"

	ErrBluetoothAddr Rule = "bad bluetooth address"
	// ErrBluetoothFormat means that this system's sockaddr cannot hold the Bluetooth address.
	ErrBluetoothFormat   Rule = "wrong format"
	ErrBluetoothProtocol Rule = "unknown Bluetooth protocol"
	// ErrHCINode means that a node name has more than 32 bytes (FreeBSD).
	ErrHCINode Rule = "node name too long"

	ErrHyperVVM       Rule = "AF_HYPERV address vm_id is not a valid UUID string"
	ErrHyperVService  Rule = "AF_HYPERV address service_id is not a valid UUID string"
	ErrHyperVProtocol Rule = "unsupported AF_HYPERV protocol"

	// ErrControlName means that the name of a kernel control has more than 96 bytes.
	ErrControlName Rule = "provided string is too long"
	// ErrControlUnresolved means that the address has a name and no id: see [Addr.Unresolved] and
	// [Addr.WithSystemID].
	ErrControlUnresolved Rule = "control name is not resolved"
	ErrSystemProtocol    Rule = "unsupported PF_SYSTEM protocol"

	// ErrLink means that no sockaddr has room for the interface's name and the hardware address.
	ErrLink Rule = "link-layer address too long"

	// ErrFamilyMismatch means that an address was given to another family, or that bytes of another
	// family were read. It is also the error of IPv4's broadcast address in AF_INET6.
	ErrFamilyMismatch Rule = "address family mismatched"
	// ErrBadFamily means that the family has no format on this system.
	ErrBadFamily Rule = "bad family"
	// ErrShort means that a sockaddr ends too early.
	ErrShort Rule = "sockaddr too short"
	// ErrNoRoom means that the buffer is too small. [MaxSockaddr] bytes are always enough.
	ErrNoRoom Rule = "no room for the sockaddr"

	// ErrSyntax means that the text is not an address.
	ErrSyntax Rule = "not an address"
)

// short returns the error for a sockaddr that ends after n bytes.
func short(family string, n int) error {
	return &AddrError{Family: family, Value: plural(n), Rule: ErrShort}
}

// noRoom returns the error for a buffer of n bytes, which is too small.
func noRoom(family string, n int) error {
	return &AddrError{Family: family, Value: plural(n), Rule: ErrNoRoom}
}

// notAnAddress returns the error for text that breaks the syntax.
func notAnAddress(family, s, why string) error {
	return &AddrError{Family: family, Value: strconv.Quote(s) + ": " + why, Rule: ErrSyntax}
}

func plural(bytes int) string {
	if bytes == 1 {
		return "1 byte"
	}
	return strconv.Itoa(bytes) + " bytes"
}
