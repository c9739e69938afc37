package sock

import (
	"runtime"
	"unsafe"

	"golang.org/x/sys/unix"
)

const (
	soAttachFilter    = unix.SO_ATTACH_FILTER
	soDetachFilter    = unix.SO_DETACH_FILTER
	soLockFilter      = unix.SO_LOCK_FILTER
	soAttachReusePort = unix.SO_ATTACH_REUSEPORT_CBPF
	soDetachReusePort = unix.SO_DETACH_REUSEPORT_BPF
)

// sysAttachFilter sets the option of that name.
func sysAttachFilter(fd, name int, program []BPFInstruction) error {
	//	struct sock_fprog { unsigned short len; struct sock_filter *filter; };
	fprog := unix.SockFprog{Len: uint16(len(program)), Filter: (*unix.SockFilter)(unsafe.Pointer(&program[0]))}
	_, _, errno := unix.Syscall6(unix.SYS_SETSOCKOPT, uintptr(fd), unix.SOL_SOCKET, uintptr(name),
		uintptr(unsafe.Pointer(&fprog)), unsafe.Sizeof(fprog), 0)
	runtime.KeepAlive(program)
	return sysError(errno)
}
