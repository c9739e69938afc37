package bpf

import (
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

// attachProgram sets the option of that name to a program, which check has found good.
func attachProgram(fd, name int, program []Instruction) error {
	//	struct sock_fprog { unsigned short len; struct sock_filter *filter; };
	fprog := unix.SockFprog{Len: uint16(len(program)), Filter: (*unix.SockFilter)(unsafe.Pointer(&program[0]))}
	return unix.SetsockoptSockFprog(fd, unix.SOL_SOCKET, name, &fprog)
}
