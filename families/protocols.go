package families

import "strconv"

// A splitFamily has a format for some of its protocols only.
type splitFamily struct {
	name   string
	number perSystem
	rule   Rule // the error of an address for another protocol
	mixed  bool // the sockaddrs of its protocols have no common part
}

var splitFamilies = []splitFamily{
	{"can", numberCAN, ErrCANProtocol, false},
	{"bluetooth", numberBluetooth, ErrBluetoothProtocol, true},
	{"hyperv", numberHyperV, ErrHyperVProtocol, false},
	{"system", numberSystem, ErrSystemProtocol, false},
}

// These are the numbers of the families: <linux/socket.h>, <sys/socket.h>, <ws2bth.h>,
// <hvsocket.h>. OpenBSD has a number for Bluetooth, but no Bluetooth.
var (
	numberCAN       = perSystem{linux: 29, netbsd: 35}
	numberBluetooth = perSystem{linux: 31, freebsd: 36, netbsd: 31, dragonfly: 33, windows: 32}
	numberHyperV    = perSystem{windows: 34}
	numberSystem    = perSystem{darwin: 32}
)

// split returns the entry of a split family, or nil.
func (s *System) split(family int) *splitFamily {
	for i := range splitFamilies {
		if n := splitFamilies[i].number[s.index]; n != 0 && n == family {
			return &splitFamilies[i]
		}
	}
	return nil
}

// NoFormat returns the reason why [System.Lookup] finds no format for the family and the protocol
// of a socket. Either the family has no format ([ErrBadFamily]), or it has none for that protocol
// ([ErrCANProtocol], [ErrBluetoothProtocol], [ErrHyperVProtocol], [ErrSystemProtocol]). The error
// is an *AddrError. It is nil if Lookup finds a format.
func (s *System) NoFormat(family, protocol int) error {
	if s.lookup(family, protocol) != nil {
		return nil
	}
	if p := s.split(family); p != nil {
		return &AddrError{Family: p.name, Value: strconv.Itoa(protocol), Rule: p.rule}
	}
	return &AddrError{Family: s.Name(family), Value: s.Name(family), Rule: ErrBadFamily}
}
