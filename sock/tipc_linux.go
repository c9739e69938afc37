package sock

import "golang.org/x/sys/unix"

func sysTIPCIoctl(fd int, request uintptr, p []byte) error {
	_, _, errno := unix.Syscall(unix.SYS_IOCTL, uintptr(fd), request, uintptr(first(p)))
	return sysError(errno)
}
