//go:build unix

package loop

import (
	"os"

	"golang.org/x/sys/unix"
)

// closeSysfd calls close(2) once. After EINTR the descriptor is closed on all supported systems,
// and another file may have its number already. ECONNRESET only means that the peer closed first,
// so it is no error.
func closeSysfd(sysfd int) error {
	switch err := unix.Close(sysfd); err {
	case nil, unix.EINTR, unix.ECONNRESET:
		return nil
	default:
		return os.NewSyscallError("close", err)
	}
}

// lingersAtClose reports whether close(2) may block until the peer has received what was sent:
// SO_LINGER with a time above 0. Linux blocks even if the descriptor is non-blocking (inet_release
// in net/ipv4/af_inet.c).
func lingersAtClose(sysfd int) bool {
	l, err := unix.GetsockoptLinger(sysfd, unix.SOL_SOCKET, unix.SO_LINGER)
	return err == nil && l.Onoff != 0 && l.Linger > 0
}
