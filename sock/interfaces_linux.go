package sock

import (
	"os"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

// interfaceIndex asks the kernel, as if_nametoindex(3) does, because only the kernel knows
// alternative names too. The error is ENODEV if no such interface exists.
func interfaceIndex(name string) (int, error) {
	if len(name) >= unix.IFNAMSIZ || strings.IndexByte(name, 0) >= 0 { // the kernel would cut such a name
		return 0, syscall.ENODEV
	}
	fd, err := unix.Socket(unix.AF_UNIX, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return 0, os.NewSyscallError("socket", err)
	}
	defer unix.Close(fd)
	return sysInterfaceIndex(fd, name)
}
