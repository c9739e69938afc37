package sock

import (
	"encoding/binary"
	"math"
	"math/bits"
)

// swaps is true if the byte order of the host differs from network byte order.
var swaps = binary.NativeEndian.Uint16([]byte{1, 0}) == 1

// Htons wraps htons(3): it converts a 16-bit number from host to network byte order. Ntohs does the
// same, since the conversion is its own inverse.
//
// Error: an *ArgError if x is outside 0 to 65535.
func Htons(x int) (int, error) { return swap16("htons", x) }

// Ntohs wraps ntohs(3): it converts a 16-bit number from network to host byte order. See Htons.
func Ntohs(x int) (int, error) { return swap16("ntohs", x) }

// Htonl wraps htonl(3): it converts a 32-bit number from host to network byte order. Ntohl does the
// same, since the conversion is its own inverse.
//
// Error: an *ArgError if x is outside 0 to 2³²-1.
func Htonl(x int64) (int64, error) { return swap32("htonl", x) }

// Ntohl wraps ntohl(3): it converts a 32-bit number from network to host byte order. See Htonl.
func Ntohl(x int64) (int64, error) { return swap32("ntohl", x) }

func swap16(name string, x int) (int, error) {
	switch {
	case x < 0:
		return 0, &ArgError{ArgRange, "x", x, name + ": can't convert negative Python int to C 16-bit unsigned integer"}
	case x > math.MaxUint16:
		return 0, &ArgError{ArgRange, "x", x, name + ": Python int too large to convert to C 16-bit unsigned integer"}
	case swaps:
		return int(bits.ReverseBytes16(uint16(x))), nil
	}
	return x, nil
}

func swap32(name string, x int64) (int64, error) {
	switch {
	case x < 0:
		return 0, &ArgError{ArgRange, "x", x, name + ": can't convert negative value to unsigned int"}
	case x > math.MaxUint32:
		return 0, &ArgError{ArgRange, "x", x, name + ": int larger than 32 bits"}
	case swaps:
		return int64(bits.ReverseBytes32(uint32(x))), nil
	}
	return x, nil
}

var bigEndian = binary.NativeEndian.Uint16([]byte{0, 1}) == 1
