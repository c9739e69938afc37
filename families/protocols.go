package families

import "strconv"

// A split family has a format for some of its protocols only.
type splitFamily struct {
	name   string
	number perSystem
	rule   Rule // what an address for another protocol breaks
	mixed  bool // the sockaddrs of its protocols have nothing in common
}

var splitFamilies = []splitFamily{
	{"can", numberCAN, ErrCANProtocol, false},
	{"bluetooth", numberBluetooth, ErrBluetoothProtocol, true},
	{"hyperv", numberHyperV, ErrHyperVProtocol, false},
	{"system", numberSystem, ErrSystemProtocol, false},
}

// Their numbers: <linux/socket.h>, <sys/socket.h>, <ws2bth.h>, <hvsocket.h>. OpenBSD has a number
// for Bluetooth, but no Bluetooth.
var (
	numberCAN       = perSystem{linux: 29, netbsd: 35}
	numberBluetooth = perSystem{linux: 31, freebsd: 36, netbsd: 31, dragonfly: 33, windows: 32}
	numberHyperV    = perSystem{windows: 34}
	numberSystem    = perSystem{darwin: 32}
)

// split is the line for a family, or nil.
func (s *System) split(family int) *splitFamily {
	for i := range splitFamilies {
		if n := splitFamilies[i].number[s.index]; n != 0 && n == family {
			return &splitFamilies[i]
		}
	}
	return nil
}

// NoFormat says why [System.Lookup] finds no format for the family and the protocol of a socket:
// the family has none ([ErrBadFamily]), or none for that protocol ([ErrCANProtocol],
// [ErrBluetoothProtocol], [ErrHyperVProtocol], [ErrSystemProtocol]). It is nil if there is one. The
// error is an *AddrError.
func (s *System) NoFormat(family, protocol int) error {
	if s.lookup(family, protocol) != nil {
		return nil
	}
	if p := s.split(family); p != nil {
		return &AddrError{Family: p.name, Value: strconv.Itoa(protocol), Rule: p.rule}
	}
	return &AddrError{Family: s.Name(family), Value: s.Name(family), Rule: ErrBadFamily}
}
