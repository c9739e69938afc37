package loop

import (
	"os"

	"golang.org/x/sys/windows"
)

// closeSysfd closes a socket. WSAECONNRESET only means that the peer closed first, so it is no
// error.
func closeSysfd(sysfd int) error {
	switch err := windows.Closesocket(windows.Handle(sysfd)); err {
	case nil, windows.WSAECONNRESET:
		return nil
	default:
		return os.NewSyscallError("closesocket", err)
	}
}

// lingersAtClose returns false: closesocket does not block for a socket that is non-blocking.
func lingersAtClose(int) bool { return false }
