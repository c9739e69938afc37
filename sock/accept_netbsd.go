package sock

import (
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// callAccept wraps paccept(2) without a signal mask. The new descriptor is non-blocking and
// close-on-exec.
func callAccept(fd int, sa *sockaddr, salen *uint32) (int, syscall.Errno) {
	r, _, errno := syscall.RawSyscall6(unix.SYS_PACCEPT, uintptr(fd), uintptr(unsafe.Pointer(sa)), uintptr(unsafe.Pointer(salen)),
		0, unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
	return int(r), errno
}
