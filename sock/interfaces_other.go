//go:build !linux

package sock

import (
	"errors"
	"syscall"
)

// interfaceIndex returns the index of the interface with that name. The error is ENODEV if no such
// interface exists.
func interfaceIndex(name string) (int, error) {
	all, err := IfNameindex()
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

func sysInterfaceIndex(_ int, name string) (int, error) {
	index, err := IfNametoindex(name)
	if errors.Is(err, ErrNoInterface) {
		err = syscall.ENODEV
	}
	return index, err
}

func sysInterfaceName(_, index int) string {
	name, _ := IfIndextoname(index)
	return name
}
