package names

import (
	"net"
	"syscall"
)

// InterfaceNameSize is IFNAMSIZ of <net/if.h>: the room for the name of an interface and a NUL.
const InterfaceNameSize = 16

// InterfaceName returns the name of the network interface with that index.
//
// Error: ENXIO if no such interface exists.
func InterfaceName(index int) (string, error) {
	all, err := net.Interfaces()
	if err != nil {
		return "", err
	}
	for _, ifi := range all {
		if ifi.Index == index {
			return ifi.Name, nil
		}
	}
	return "", syscall.ENXIO
}
