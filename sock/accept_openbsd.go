package sock

import (
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

const (
	typeNonblock = unix.SOCK_NONBLOCK
	typeFlags    = unix.SOCK_NONBLOCK | unix.SOCK_CLOEXEC
	msgCloexec   = unix.MSG_CMSG_CLOEXEC
)

// callAccept wraps accept4(2). The new descriptor is non-blocking and close-on-exec.
func callAccept(fd int, sa *sockaddr, salen *uint32) (int, syscall.Errno) {
	r, _, errno := libcRaw6(libcAccept4, uintptr(fd), uintptr(unsafe.Pointer(sa)), uintptr(unsafe.Pointer(salen)),
		unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0, 0)
	return int(int32(r)), errno
}
