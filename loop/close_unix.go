//go:build unix

package loop

import (
	"os"

	"golang.org/x/sys/unix"
)

// closeSysfd closes once: after EINTR the descriptor is gone on all systems that matter, and the
// number may be another's. ECONNRESET says that the peer was quicker, which is nothing to report.
func closeSysfd(sysfd int) error {
	switch err := unix.Close(sysfd); err {
	case nil, unix.EINTR, unix.ECONNRESET:
		return nil
	default:
		return os.NewSyscallError("close", err)
	}
}
