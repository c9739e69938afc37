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

// lingersAtClose says whether close(2) may wait for what was sent to arrive: SO_LINGER with a time.
// Linux waits even if the descriptor is non-blocking (inet_release of net/ipv4/af_inet.c).
func lingersAtClose(sysfd int) bool {
	l, err := unix.GetsockoptLinger(sysfd, unix.SOL_SOCKET, unix.SO_LINGER)
	return err == nil && l.Onoff != 0 && l.Linger > 0
}
