//go:build !linux

package tlsconn

import (
	"crypto/tls"
	"errors"
	"fmt"
	"runtime"

	"github.com/polluxio/pollux/sock"
)

// kernel is the record layer of the kernel, which Linux alone has.
type kernel struct{ layer }

func prepareKernel(*sock.Socket) error {
	return fmt.Errorf("TLS in the kernel on %s: %w", runtime.GOOS, errors.ErrUnsupported)
}

func newKernel(s *sock.Socket, _ *transport, _ *tls.Conn, _ bool) (layer, bool, error) {
	return nil, false, prepareKernel(s)
}

// KernelCiphers returns what the kernel's TLS takes: names of versions and ciphers, as "TLS 1.3
// AES-128-GCM".
//
// Error: why it takes none: errors.ErrUnsupported on other systems than Linux, ENOENT without the
// module tls.
func KernelCiphers() (names []string, err error) { return nil, prepareKernel(nil) }
