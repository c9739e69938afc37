//go:build !linux

package names

import (
	"net"
	"syscall"
)

// InterfaceIndex returns the index of the network interface with that name.
//
// Error: ENODEV if no such interface exists.
func InterfaceIndex(name string) (int, error) {
	all, err := net.Interfaces()
	if err != nil {
		return 0, err
	}
	for _, ifi := range all {
		if ifi.Name == name {
			return ifi.Index, nil
		}
	}
	return 0, syscall.ENODEV
}

// IndexAt is InterfaceIndex: these systems have no network namespaces.
func IndexAt(_ int, name string) (int, error) { return InterfaceIndex(name) }

// NameAt is InterfaceName, with "" for an interface that does not exist.
func NameAt(_, index int) string {
	name, _ := InterfaceName(index)
	return name
}
