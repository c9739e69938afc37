package linux

import (
	"unsafe"

	"golang.org/x/sys/unix"
)

// Getsockopt wraps getsockopt(2). n is the length that the kernel reports, which may be more than
// len(p). result is the return value of the call, which is 0 for nearly every option.
func Getsockopt(sysfd, level, name int, p []byte) (result, n int, err error) {
	length := uint32(len(p))
	r, _, errno := unix.Syscall6(unix.SYS_GETSOCKOPT, uintptr(sysfd), uintptr(level), uintptr(name),
		uintptr(unsafe.Pointer(unsafe.SliceData(p))), uintptr(unsafe.Pointer(&length)), 0)
	if errno != 0 {
		err = errno
	}
	return int(r), int(length), err
}

// Ioctl wraps ioctl(2) for a request whose argument is a structure. The kernel reads and writes
// arg.
func Ioctl(sysfd int, request uintptr, arg []byte) error {
	_, _, errno := unix.Syscall(unix.SYS_IOCTL, uintptr(sysfd), request, uintptr(unsafe.Pointer(unsafe.SliceData(arg))))
	if errno != 0 {
		return errno
	}
	return nil
}
