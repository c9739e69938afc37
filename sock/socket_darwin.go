package sock

import (
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// macOS cannot make a new descriptor close-on-exec in the same call. syscall.ForkLock prevents a
// fork of this program between the two calls; a child would inherit the descriptor.

const (
	typeNonblock = 0
	typeFlags    = 0
	msgCloexec   = 0
)

func sysSocket(family, typ, proto int) (int, error) {
	syscall.ForkLock.RLock()
	fd, err := unix.Socket(family, typ, proto)
	if err == nil {
		unix.CloseOnExec(fd)
	}
	syscall.ForkLock.RUnlock()
	if err != nil {
		return -1, sysErrorOf(err)
	}
	return fd, sysErrorOf(prepare(fd))
}

func sysSocketpair(family, typ, proto int) ([2]int, error) {
	syscall.ForkLock.RLock()
	fds, err := unix.Socketpair(family, typ, proto)
	if err == nil {
		unix.CloseOnExec(fds[0])
		unix.CloseOnExec(fds[1])
	}
	syscall.ForkLock.RUnlock()
	if err != nil {
		return [2]int{-1, -1}, sysErrorOf(err)
	}
	for i, fd := range fds {
		if err := prepare(fd); err != nil {
			unix.Close(fds[1-i])
			return [2]int{-1, -1}, sysErrorOf(err)
		}
	}
	return fds, nil
}

// prepare makes a new socket non-blocking, and sets SO_NOSIGPIPE: macOS before version 13 has no
// flag of send that prevents SIGPIPE. It closes the socket if it fails.
func prepare(fd int) error {
	err := unix.SetNonblock(fd, true)
	if err != nil {
		unix.Close(fd)
		return err
	}
	unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_NOSIGPIPE, 1) // not every family has it
	return nil
}

func (s *core) sendFlags(flags int) int { return flags }

// callAccept is accept(2). A connection that was reset before the call has no address: the result
// is ECONNABORTED.
func callAccept(fd int, sa *sockaddr, salen *uint32) (int, syscall.Errno) {
	syscall.ForkLock.RLock()
	r, _, errno := libcRaw6(libcAccept, uintptr(fd), uintptr(unsafe.Pointer(sa)), uintptr(unsafe.Pointer(salen)), 0, 0, 0)
	newfd := int(int32(r))
	if errno == 0 {
		unix.CloseOnExec(newfd)
	}
	syscall.ForkLock.RUnlock()
	if errno != 0 {
		return -1, errno
	}
	if salen != nil && *salen == 0 {
		unix.Close(newfd)
		return -1, unix.ECONNABORTED
	}
	if err := prepare(newfd); err != nil {
		return -1, err.(syscall.Errno)
	}
	return newfd, 0
}
