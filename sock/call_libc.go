//go:build darwin || (openbsd && !mips64)

package sock

import (
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// macOS and OpenBSD require system calls through the functions of libc: OpenBSD ends a program that
// makes a system call by its number. x/sys/unix has those functions, but they do not take addresses
// as bytes. So this file calls them as x/sys does: the linker resolves the names
// (cgo_import_dynamic), call_libc.s holds their addresses, and package syscall calls them on the
// stack of the thread. Calls that cannot block go through libcRaw, which does not notify the
// scheduler: the notification would cost a tenth of the time of a message.

func libcCall(fn, a1, a2, a3 uintptr) (r1, r2 uintptr, errno syscall.Errno)
func libcCall6(fn, a1, a2, a3, a4, a5, a6 uintptr) (r1, r2 uintptr, errno syscall.Errno)
func libcRaw(fn, a1, a2, a3 uintptr) (r1, r2 uintptr, errno syscall.Errno)
func libcRaw6(fn, a1, a2, a3, a4, a5, a6 uintptr) (r1, r2 uintptr, errno syscall.Errno)

//go:linkname libcCall syscall.syscall
//go:linkname libcCall6 syscall.syscall6
//go:linkname libcRaw syscall.rawSyscall
//go:linkname libcRaw6 syscall.rawSyscall6

// The addresses of the functions, set in call_libc.s.
var (
	libcRecvfrom, libcSendto, libcRecvmsg, libcSendmsg, libcConnect            uintptr
	libcBind, libcGetsockname, libcGetpeername, libcGetsockopt, libcSetsockopt uintptr
)

func callRecvfrom(fd int, p unsafe.Pointer, n, flags int, sa *sockaddr, salen *uint32) (int, syscall.Errno) {
	r, _, errno := libcRaw6(libcRecvfrom, uintptr(fd), uintptr(p), uintptr(n), uintptr(flags),
		uintptr(unsafe.Pointer(sa)), uintptr(unsafe.Pointer(salen)))
	return int(r), errno
}

func callSendto(fd int, p unsafe.Pointer, n, flags int, sa []byte) (int, syscall.Errno) {
	r, _, errno := libcRaw6(libcSendto, uintptr(fd), uintptr(p), uintptr(n), uintptr(flags),
		uintptr(unsafe.Pointer(unsafe.SliceData(sa))), uintptr(len(sa)))
	return int(r), errno
}

func callSendmsg(fd int, h *unix.Msghdr, flags int) (int, syscall.Errno) {
	r, _, errno := libcRaw(libcSendmsg, uintptr(fd), uintptr(unsafe.Pointer(h)), uintptr(flags))
	return int(r), errno
}

func callRecvmsg(fd int, h *unix.Msghdr, flags int) (int, syscall.Errno) {
	r, _, errno := libcRaw(libcRecvmsg, uintptr(fd), uintptr(unsafe.Pointer(h)), uintptr(flags))
	return int(r), errno
}

func callConnect(fd int, sa unsafe.Pointer, n int) syscall.Errno {
	_, _, errno := libcRaw(libcConnect, uintptr(fd), uintptr(sa), uintptr(n))
	return errno
}

func callBind(fd int, sa unsafe.Pointer, n int) syscall.Errno {
	_, _, errno := libcCall(libcBind, uintptr(fd), uintptr(sa), uintptr(n))
	return errno
}

func callGetsockname(fd int, sa *sockaddr, salen *uint32) syscall.Errno {
	_, _, errno := libcRaw(libcGetsockname, uintptr(fd), uintptr(unsafe.Pointer(sa)), uintptr(unsafe.Pointer(salen)))
	return errno
}

func callGetpeername(fd int, sa *sockaddr, salen *uint32) syscall.Errno {
	_, _, errno := libcRaw(libcGetpeername, uintptr(fd), uintptr(unsafe.Pointer(sa)), uintptr(unsafe.Pointer(salen)))
	return errno
}

func callGetsockopt(fd, level, name int, p unsafe.Pointer, n *uint32) syscall.Errno {
	_, _, errno := libcRaw6(libcGetsockopt, uintptr(fd), uintptr(level), uintptr(name), uintptr(p),
		uintptr(unsafe.Pointer(n)), 0)
	return errno
}

func callSetsockopt(fd, level, name int, p unsafe.Pointer, n int) syscall.Errno {
	_, _, errno := libcCall6(libcSetsockopt, uintptr(fd), uintptr(level), uintptr(name), uintptr(p), uintptr(n), 0)
	return errno
}
