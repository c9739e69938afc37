//go:build freebsd || dragonfly

package sock

import (
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// callAccept wraps accept4(2). The new descriptor is non-blocking and close-on-exec.
func callAccept(fd int, sa *sockaddr, salen *uint32) (int, syscall.Errno) {
	r, _, errno := syscall.RawSyscall6(unix.SYS_ACCEPT4, uintptr(fd), uintptr(unsafe.Pointer(sa)), uintptr(unsafe.Pointer(salen)),
		unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0, 0)
	return int(r), errno
}
