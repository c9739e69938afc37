//go:build !windows

package sock

import (
	"errors"
	"fmt"
	"runtime"
)

var errNoIoctl = fmt.Errorf("the control codes of socket.ioctl exist on Windows only, not on %s: %w", runtime.GOOS, errors.ErrUnsupported)

func wsaIoctl(int, uint32, []byte) (int, error) { return 0, errNoIoctl }
