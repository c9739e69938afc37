//go:build !linux

package tlsconn

import (
	"crypto/tls"
	"errors"
	"fmt"
	"runtime"

	"github.com/polluxio/pollux/sock"
)

// kernel is the record layer of the kernel. Only Linux has one.
type kernel struct{ layer }

func prepareKernel(*sock.Socket) error {
	return fmt.Errorf("TLS in the kernel on %s: %w", runtime.GOOS, errors.ErrUnsupported)
}

func newKernel(s *sock.Socket, _ *transport, _ *tls.Conn, _ bool) (layer, bool, error) {
	return nil, false, prepareKernel(s)
}

// KernelCiphers returns the versions and ciphers that the kernel's TLS accepts, in the form "TLS
// 1.3 AES-128-GCM". The first call tries them on connections over the loopback interface.
//
// Error: the reason if it accepts none: errors.ErrUnsupported on a system other than Linux, ENOENT
// without the module tls.
func KernelCiphers() (names []string, err error) { return nil, prepareKernel(nil) }
