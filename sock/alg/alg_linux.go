package alg

import (
	"errors"
	"syscall"

	"github.com/polluxio/pollux/families"
	"github.com/polluxio/pollux/sock"
)

func open(typ, name string) (*sock.Socket, error) {
	s, err := sock.New(sock.AF_ALG, sock.SOCK_SEQPACKET, 0)
	if err != nil {
		return nil, err
	}
	addr := families.ALG(typ, name, 0, 0)
	err = s.Bind(addr)
	if err == nil {
		return s, nil
	}
	defer s.Close()
	if errors.Is(err, syscall.ENOENT) {
		return nil, s.OpError("bind", addr, &sock.UnsupportedError{
			Kind:    "AF_ALG " + typ + " " + name,
			Missing: "this kernel's crypto API has no such algorithm, or module algif_" + typ + " is missing",
			Err:     syscall.ENOENT,
		})
	}
	return nil, err
}
