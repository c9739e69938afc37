package sock

import (
	"fmt"
	"runtime"

	"github.com/polluxio/pollux/families"
)

// What an address breaks whose socket has a family of several formats, and a protocol that none of them is for. The words are
// Python's.
const (
	ErrCANProtocol       families.Rule = "unsupported CAN protocol"
	ErrBluetoothProtocol families.Rule = "unknown Bluetooth protocol"
)

// The families with a format for each protocol, by their numbers on each system.
var (
	canFamily       = map[string]int32{"linux": 29, "netbsd": 35}
	bluetoothFamily = map[string]int32{"linux": 31, "freebsd": 36, "netbsd": 31, "dragonfly": 33, "windows": 32}
	hypervFamily    = map[string]int32{"windows": 34}
)

// unknownRule is why no address can be made for the socket's family and protocol.
func (s *core) unknownRule() families.Rule {
	switch s.family {
	case 0: // and where a map has nothing
	case canFamily[runtime.GOOS]:
		return ErrCANProtocol
	case bluetoothFamily[runtime.GOOS]:
		return ErrBluetoothProtocol
	case hypervFamily[runtime.GOOS]:
		return families.Rule(fmt.Sprintf("unsupported AF_HYPERV protocol: %d", s.proto))
	}
	return families.ErrBadFamily
}
