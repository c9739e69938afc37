package sock

import (
	"os"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

// interfaceIndex asks as if_nametoindex(3) does: only the kernel knows an interface by its
// alternative names too. ENODEV: there is none.
func interfaceIndex(name string) (int, error) {
	if len(name) >= unix.IFNAMSIZ || strings.IndexByte(name, 0) >= 0 { // which would be cut
		return 0, syscall.ENODEV
	}
	fd, err := unix.Socket(unix.AF_UNIX, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return 0, os.NewSyscallError("socket", err)
	}
	defer unix.Close(fd)
	return sysInterfaceIndex(fd, name)
}
