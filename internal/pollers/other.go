//go:build !linux

package pollers

import (
	"errors"
	"fmt"
	"runtime"
)

var errNone = fmt.Errorf("pollers: no one-shot poller for tests on %s: %w", runtime.GOOS, errors.ErrUnsupported)

// OneShot and Poll return an error: they exist only on Linux.
func OneShot() (Poller, error) { return nil, errNone }
func Poll() (Poller, error)    { return nil, errNone }
