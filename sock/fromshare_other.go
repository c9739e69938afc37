//go:build !windows

package sock

import (
	"errors"
	"fmt"
	"runtime"
)

var errNoShare = fmt.Errorf("sharing a socket by its description works on Windows only, not on %s: %w", runtime.GOOS, errors.ErrUnsupported)

func describe(int, uint32) ([]byte, error) { return nil, errNoShare }
func fromShare([]byte) (int, error)        { return -1, errNoShare }
