//go:build !linux

package pollers

import (
	"errors"
	"fmt"
	"runtime"

	"github.com/polluxio/pollux"
)

var errNone = fmt.Errorf("pollers: no poller of its own for tests on %s: %w", runtime.GOOS, errors.ErrUnsupported)

// All fail: they are written for Linux.
func OneShot() (Poller, error)                   { return nil, errNone }
func Poll() (Poller, error)                      { return nil, errNone }
func KqueueUser(pollux.Strategy) (Poller, error) { return nil, errNone }
func KqueuePipe(pollux.Strategy) (Poller, error) { return nil, errNone }
