package loop

import (
	"os"

	"golang.org/x/sys/windows"
)

// closeSysfd closes a socket. WSAECONNRESET says that the peer was quicker, which is nothing to
// report.
func closeSysfd(sysfd int) error {
	switch err := windows.Closesocket(windows.Handle(sysfd)); err {
	case nil, windows.WSAECONNRESET:
		return nil
	default:
		return os.NewSyscallError("closesocket", err)
	}
}

// lingersAtClose says no: closesocket does not wait for a socket that is non-blocking.
func lingersAtClose(int) bool { return false }
