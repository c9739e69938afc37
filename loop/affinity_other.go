//go:build !linux

package loop

import (
	"errors"
	"fmt"
	"runtime"
)

func checkCPUs(cpus []int) error {
	if len(cpus) > 0 {
		return fmt.Errorf("loop: CPUs on %s: %w", runtime.GOOS, errors.ErrUnsupported)
	}
	return nil
}

func pinThread(int) error { return errors.ErrUnsupported }
