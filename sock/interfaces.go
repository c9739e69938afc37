package sock

import (
	"errors"
	"fmt"
	"math"
	"net"
	"os"
	"syscall"

	"github.com/polluxio/pollux/internal/names"
)

// ErrNoInterface is the error of IfNametoindex for a name that no interface has.
var ErrNoInterface = errors.New("no interface with this name")

// An Interface is the number and the name of a network interface.
type Interface struct {
	Index int
	Name  string
}

// IfNameindex returns all network interfaces: if_nameindex(3). On Windows, this function and the
// next two use the names that Windows shows to people. Python has names such as ethernet_0 there.
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

// IfNametoindex returns the number of the interface with this name: if_nametoindex(3). On Linux,
// the name may also be an alternative name of the interface: see ip link property.
//
// Error: ErrNoInterface.
func IfNametoindex(name string) (int, error) {
	index, err := names.InterfaceIndex(name)
	if err == syscall.ENODEV {
		return 0, fmt.Errorf("%w: %q", ErrNoInterface, name)
	}
	return index, err
}

// IfIndextoname returns the name of the interface with this number: if_indextoname(3). index is 0
// to 2³²-1.
//
// Errors: ENXIO if no such interface exists; an *ArgError for an index out of range.
func IfIndextoname(index int) (string, error) {
	switch {
	case index < 0:
		return "", &ArgError{ArgRange, "index", index, "can't convert negative value to unsigned int"}
	case uint64(index) > math.MaxUint32:
		return "", &ArgError{ArgRange, "index", index, "Python int too large to convert to C unsigned int"}
	}
	name, err := names.InterfaceName(index)
	if err == syscall.ENXIO {
		err = os.NewSyscallError("if_indextoname", err)
	}
	return name, err
}
