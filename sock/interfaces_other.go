//go:build !linux

package sock

import "syscall"

// interfaceIndex is the index of the interface with that name. ENODEV: there is none.
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
