package sock

import (
	"errors"
	"fmt"
	"math"
	"net"
	"os"
	"syscall"
)

// ErrNoInterface is what IfNametoindex returns for a name that no interface has.
var ErrNoInterface = errors.New("no interface with this name")

// An Interface is the number and the name of a network interface.
type Interface struct {
	Index int
	Name  string
}

// IfNameindex is if_nameindex(3): all network interfaces. On Windows the names are those that
// Windows shows to people, in the other functions too, where Python has names such as ethernet_0.
func IfNameindex() ([]Interface, error) {
	all, err := net.Interfaces()
	if err != nil {
		return nil, err
	}
	list := make([]Interface, len(all))
	for i, ifi := range all {
		list[i] = Interface{ifi.Index, ifi.Name}
	}
	return list, nil
}

// IfNametoindex is if_nametoindex(3). On Linux it knows the alternative names of an interface too,
// those of ip link property.
//
// Error: ErrNoInterface.
func IfNametoindex(name string) (int, error) {
	index, err := interfaceIndex(name)
	if err == syscall.ENODEV {
		return 0, fmt.Errorf("%w: %q", ErrNoInterface, name)
	}
	return index, err
}

// IfIndextoname is if_indextoname(3). index is 0 to 2³²-1.
//
// Errors: ENXIO if there is no such interface; an *ArgError for an index out of range.
func IfIndextoname(index int) (string, error) {
	switch {
	case index < 0:
		return "", &ArgError{ArgRange, "index", index, "can't convert negative value to unsigned int"}
	case uint64(index) > math.MaxUint32:
		return "", &ArgError{ArgRange, "index", index, "Python int too large to convert to C unsigned int"}
	}
	all, err := IfNameindex()
	if err != nil {
		return "", err
	}
	for _, ifi := range all {
		if ifi.Index == index {
			return ifi.Name, nil
		}
	}
	return "", os.NewSyscallError("if_indextoname", syscall.ENXIO)
}
