//go:build freebsd || netbsd || dragonfly

package sock

import (
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// This file makes system calls by number: these systems keep the numbers stable. Calls that cannot
// block go through RawSyscall, which does not notify the scheduler: the notification would cost a
// tenth of the time of a message.

const (
	typeNonblock = unix.SOCK_NONBLOCK
	typeFlags    = unix.SOCK_NONBLOCK | unix.SOCK_CLOEXEC
	msgCloexec   = unix.MSG_CMSG_CLOEXEC
)

func callRecvfrom(fd int, p unsafe.Pointer, n, flags int, sa *sockaddr, salen *uint32) (int, syscall.Errno) {
	r, _, errno := syscall.RawSyscall6(unix.SYS_RECVFROM, uintptr(fd), uintptr(p), uintptr(n), uintptr(flags),
		uintptr(unsafe.Pointer(sa)), uintptr(unsafe.Pointer(salen)))
	return int(r), errno
}

func callSendto(fd int, p unsafe.Pointer, n, flags int, sa []byte) (int, syscall.Errno) {
	r, _, errno := syscall.RawSyscall6(unix.SYS_SENDTO, uintptr(fd), uintptr(p), uintptr(n), uintptr(flags),
		uintptr(unsafe.Pointer(unsafe.SliceData(sa))), uintptr(len(sa)))
	return int(r), errno
}

func callSendmsg(fd int, h *unix.Msghdr, flags int) (int, syscall.Errno) {
	r, _, errno := syscall.RawSyscall(unix.SYS_SENDMSG, uintptr(fd), uintptr(unsafe.Pointer(h)), uintptr(flags))
	return int(r), errno
}

func callRecvmsg(fd int, h *unix.Msghdr, flags int) (int, syscall.Errno) {
	r, _, errno := syscall.RawSyscall(unix.SYS_RECVMSG, uintptr(fd), uintptr(unsafe.Pointer(h)), uintptr(flags))
	return int(r), errno
}

func callConnect(fd int, sa unsafe.Pointer, n int) syscall.Errno {
	_, _, errno := syscall.RawSyscall(unix.SYS_CONNECT, uintptr(fd), uintptr(sa), uintptr(n))
	return errno
}

func callBind(fd int, sa unsafe.Pointer, n int) syscall.Errno {
	_, _, errno := syscall.Syscall(unix.SYS_BIND, uintptr(fd), uintptr(sa), uintptr(n))
	return errno
}

func callGetsockname(fd int, sa *sockaddr, salen *uint32) syscall.Errno {
	_, _, errno := syscall.RawSyscall(unix.SYS_GETSOCKNAME, uintptr(fd), uintptr(unsafe.Pointer(sa)), uintptr(unsafe.Pointer(salen)))
	return errno
}

func callGetpeername(fd int, sa *sockaddr, salen *uint32) syscall.Errno {
	_, _, errno := syscall.RawSyscall(unix.SYS_GETPEERNAME, uintptr(fd), uintptr(unsafe.Pointer(sa)), uintptr(unsafe.Pointer(salen)))
	return errno
}

func callGetsockopt(fd, level, name int, p unsafe.Pointer, n *uint32) syscall.Errno {
	_, _, errno := syscall.RawSyscall6(unix.SYS_GETSOCKOPT, uintptr(fd), uintptr(level), uintptr(name), uintptr(p),
		uintptr(unsafe.Pointer(n)), 0)
	return errno
}

func callSetsockopt(fd, level, name int, p unsafe.Pointer, n int) syscall.Errno {
	_, _, errno := syscall.Syscall6(unix.SYS_SETSOCKOPT, uintptr(fd), uintptr(level), uintptr(name), uintptr(p), uintptr(n), 0)
	return errno
}
