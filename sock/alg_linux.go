package sock

import (
	"syscall"

	"github.com/polluxio/pollux/families"
)

const (
	algSetKey          = ALG_SET_KEY
	algSetAEADAuthsize = ALG_SET_AEAD_AUTHSIZE
	msgMore            = MSG_MORE
)

func newAlg(typ, name string) (*Socket, error) {
	s, err := New(AF_ALG, SOCK_SEQPACKET, 0)
	if err != nil {
		return nil, err
	}
	addr := families.ALG(typ, name, 0, 0)
	if err := s.bind(addr); err != nil {
		s.Close()
		if err == syscall.ENOENT {
			err = &UnsupportedError{
				Kind:    "AF_ALG " + typ + " " + name,
				Missing: "this kernel's crypto API has no such algorithm, or module algif_" + typ + " is missing",
				Err:     err,
			}
		}
		return nil, s.fail("bind", addr, err)
	}
	return s, nil
}
