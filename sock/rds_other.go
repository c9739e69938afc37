//go:build !linux

package sock

import (
	"errors"
	"fmt"
	"runtime"
)

const solRDS = 276 // of Linux: no other system sends such items

// RDSInfo exists on Linux only: the error wraps errors.ErrUnsupported.
func (s *Socket) RDSInfo(int) ([][]byte, error) {
	return nil, s.fail("getsockopt", Addr{}, fmt.Errorf("AF_RDS: not on %s: %w", runtime.GOOS, errors.ErrUnsupported))
}
