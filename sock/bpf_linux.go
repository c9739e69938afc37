package sock

import (
	"runtime"
	"unsafe"

	"golang.org/x/sys/unix"
)

const (
	soDetachFilter = unix.SO_DETACH_FILTER
	soLockFilter   = unix.SO_LOCK_FILTER
)

func sysAttachFilter(fd int, program []BPFInstruction) error {
	//	struct sock_fprog { unsigned short len; struct sock_filter *filter; };
	fprog := unix.SockFprog{Len: uint16(len(program)), Filter: (*unix.SockFilter)(unsafe.Pointer(&program[0]))}
	_, _, errno := unix.Syscall6(unix.SYS_SETSOCKOPT, uintptr(fd), unix.SOL_SOCKET, unix.SO_ATTACH_FILTER,
		uintptr(unsafe.Pointer(&fprog)), unsafe.Sizeof(fprog), 0)
	runtime.KeepAlive(program)
	return sysError(errno)
}
