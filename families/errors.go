package families

import "strconv"

// AddrError says which rule of its family an address breaks.
//
// The package sock wraps it with the name of the operation.
type AddrError struct {
	Family string // its name, "" if unknown
	Value  string // what breaks the rule; "" if the rule says it all
	Rule   Rule   // the rule; errors.Is finds it
}

func (e *AddrError) Error() string {
	if e.Value == "" {
		return string(e.Rule)
	}
	return string(e.Rule) + " (got " + e.Value + ")"
}

// Unwrap lets errors.Is(err, families.ErrPort) ask for the rule.
func (e *AddrError) Unwrap() error { return e.Rule }

// Rule is something that an address can break, and an error by itself. Where Python's socket module
// has words for it these are the words.
type Rule string

func (r Rule) Error() string { return string(r) }

const (
	ErrPort     Rule = "port must be 0-65535"
	ErrFlowInfo Rule = "flowinfo must be 0-1048575"

	// ErrHostFamily is EAI_ADDRFAMILY: the host is the numeric address of another family.
	ErrHostFamily Rule = "address family for hostname not supported"
	// ErrHostNUL is a host name with a NUL in it, at which C would end it.
	ErrHostNUL Rule = "host name must not contain null character"
	// ErrHostUnresolved is a name in place of an address: see [Addr.NeedsHost] and [Addr.WithIP].
	ErrHostUnresolved Rule = "host name is not resolved"
	// ErrZoneUnresolved is the name of an interface in place of its index, in the scope of an inet6
	// address or in one of packet and CAN sockets: see [Addr.Zone] and [Addr.WithScope].
	ErrZoneUnresolved Rule = "zone is not resolved"

	ErrPathTooLong Rule = "AF_UNIX path too long"

	// ErrNUL is a NUL within a name, at which C would end it.
	ErrNUL Rule = "embedded null character"

	// ErrPacketRange is an argument of [PacketLL] that is no C int.
	ErrPacketRange Rule = "address argument out of range"
	ErrPacketAddr  Rule = "Hardware address must be 8 bytes or less"
	ErrPacketProto Rule = "proto must be 0-65535"

	ErrTIPCType Rule = "Invalid address type"

	ErrALGType Rule = "AF_ALG type too long."
	ErrALGName Rule = "AF_ALG name too long."

	ErrCANInterface Rule = "AF_CAN interface name too long"
	ErrCANProtocol  Rule = "unsupported CAN protocol"

	ErrBluetoothAddr Rule = "bad bluetooth address"
	// ErrBluetoothFormat is an address that this system's Bluetooth has no room for.
	ErrBluetoothFormat   Rule = "wrong format"
	ErrBluetoothProtocol Rule = "unknown Bluetooth protocol"
	// ErrHCINode is a node name of more than 32 bytes, on FreeBSD.
	ErrHCINode Rule = "node name too long"

	ErrHyperVVM       Rule = "AF_HYPERV address vm_id is not a valid UUID string"
	ErrHyperVService  Rule = "AF_HYPERV address service_id is not a valid UUID string"
	ErrHyperVProtocol Rule = "unsupported AF_HYPERV protocol"

	// ErrControlName is the name of a kernel control of more than 96 bytes.
	ErrControlName Rule = "provided string is too long"
	// ErrControlUnresolved is a name in place of an id: see [Addr.ControlName] and
	// [Addr.WithSystemID].
	ErrControlUnresolved Rule = "control name is not resolved"
	ErrSystemProtocol    Rule = "unsupported PF_SYSTEM protocol"

	// ErrLink is an interface's name and a hardware address that no sockaddr has room for.
	ErrLink Rule = "link-layer address too long"

	// ErrFamilyMismatch is an address given to, or bytes read by, another family than its own; and
	// the broadcast address of IPv4 in AF_INET6.
	ErrFamilyMismatch Rule = "address family mismatched"
	// ErrBadFamily is a family without a format on this system.
	ErrBadFamily Rule = "bad family"
	// ErrShort is a sockaddr that ends too early.
	ErrShort Rule = "sockaddr too short"
	// ErrNoRoom is a buffer too small for the sockaddr: [MaxSockaddr] bytes are always enough.
	ErrNoRoom Rule = "no room for the sockaddr"

	// ErrSyntax is text that is no address.
	ErrSyntax Rule = "not an address"
)

// short is the error for a sockaddr of n bytes that ends too early.
func short(family string, n int) error {
	return &AddrError{Family: family, Value: plural(n), Rule: ErrShort}
}

// noRoom is the error for a buffer of n bytes that is too small.
func noRoom(family string, n int) error {
	return &AddrError{Family: family, Value: plural(n), Rule: ErrNoRoom}
}

// notAnAddress is the error for text that breaks the syntax.
func notAnAddress(family, s, why string) error {
	return &AddrError{Family: family, Value: strconv.Quote(s) + ": " + why, Rule: ErrSyntax}
}

func plural(bytes int) string {
	if bytes == 1 {
		return "1 byte"
	}
	return strconv.Itoa(bytes) + " bytes"
}
