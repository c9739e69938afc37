//go:build !linux

package alg

import (
	"net"

	"github.com/polluxio/pollux/sock"
	"github.com/polluxio/pollux/sock/internal/linux"
)

func open(typ, name string) (*sock.Socket, error) {
	return nil, &net.OpError{Op: "socket", Err: linux.Only("AF_ALG " + typ + " " + name)}
}
