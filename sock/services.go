package sock

import (
	"errors"
	"fmt"
	"strconv"

	"github.com/polluxio/pollux/internal/names"
	"github.com/polluxio/pollux/loop"
)

// These errors report that a table has no such name or number.
var (
	ErrNoService  = errors.New("service/proto not found")
	ErrNoPort     = errors.New("port/proto not found")
	ErrNoProtocol = errors.New("protocol not found")
)

// Getservbyname returns the port of a service, by its name or alias: getservbyname(3). proto is its
// protocol ("tcp", "udp"), or "" for any. It reads /etc/services (on Windows
// %SystemRoot%\System32\drivers\etc\services); if that file does not exist, it knows the common
// services.
//
// Errors: ErrNoService; loop.ErrOnLoop, because it reads from a disk.
func Getservbyname(name, proto string) (int, error) {
	if err := loop.MayBlock(); err != nil {
		return 0, err
	}
	s, ok := names.ServiceNamed(name, proto)
	if !ok {
		return 0, fmt.Errorf("%w: %s", ErrNoService, protocolAnd(proto, name))
	}
	return int(s.Port), nil
}

// Getservbyport returns the name of the service at a port, from the table of Getservbyname:
// getservbyport(3).
//
// Errors: an *ArgError for a port outside 0 to 65535; ErrNoPort; loop.ErrOnLoop.
func Getservbyport(port int, proto string) (string, error) {
	if port < 0 || port > 0xffff {
		return "", &ArgError{ArgRange, "port", port, "getservbyport: port must be 0-65535."}
	}
	if err := loop.MayBlock(); err != nil {
		return "", err
	}
	s, ok := names.ServiceAt(uint16(port), proto)
	if !ok {
		return "", fmt.Errorf("%w: %s", ErrNoPort, protocolAnd(proto, strconv.Itoa(port)))
	}
	return s.Name, nil
}

// Getprotobyname returns the number of a protocol for New, by its name or alias: getprotobyname(3).
// It reads /etc/protocols (on Windows %SystemRoot%\System32\drivers\etc\protocol); if that file
// does not exist, it knows the common protocols.
//
// Errors: ErrNoProtocol; loop.ErrOnLoop, because it reads from a disk.
func Getprotobyname(name string) (int, error) {
	if err := loop.MayBlock(); err != nil {
		return 0, err
	}
	if number, ok := names.ProtocolNumber(name); ok {
		return number, nil
	}
	return 0, fmt.Errorf("%w: %s", ErrNoProtocol, name)
}

func protocolAnd(proto, name string) string {
	if proto == "" {
		return name
	}
	return proto + "/" + name
}
