//go:build unix

package sock

import (
	"syscall"
	"unsafe"

	"github.com/polluxio/pollux/loop"
	"golang.org/x/sys/unix"
)

// The raw system calls that all Unix systems have in common: see sys_linux.go and sys_bsd.go.

// timevalLen is the length in bytes of a struct timeval of <sys/time.h>.
const timevalLen = int(unsafe.Sizeof(unix.Timeval{}))

func sysError(errno syscall.Errno) error {
	switch errno {
	case 0:
		return nil
	case unix.EAGAIN:
		return loop.ErrAgain
	}
	return errno
}

// sysErrorOf is sysError for an error of x/sys.
func sysErrorOf(err error) error {
	if errno, ok := err.(syscall.Errno); ok {
		return sysError(errno)
	}
	return err
}

// isAgain reports whether a system call of the caller's own returned that it would block.
func isAgain(err error) bool { return err == unix.EAGAIN }

func isNoSocket(err error) bool { return err == unix.EBADF || err == unix.ENOTSOCK }

func sysSockatmark(fd int) (bool, error) {
	n, err := unix.IoctlGetInt(fd, unix.SIOCATMARK)
	return n != 0, sysErrorOf(err)
}

// first returns a pointer to the first byte of p. For an empty p it returns a valid pointer to
// another byte, because the system requires one.
func first(p []byte) unsafe.Pointer {
	if len(p) == 0 {
		return unsafe.Pointer(&nowhere)
	}
	return unsafe.Pointer(&p[0])
}

var nowhere byte

// sysClose calls close(2) once: after EINTR the descriptor is already closed.
func sysClose(fd int) error {
	if err := unix.Close(fd); err != unix.EINTR && err != unix.ECONNRESET {
		return err
	}
	return nil
}

func sysDup(fd int) (int, error) {
	n, err := unix.FcntlInt(uintptr(fd), unix.F_DUPFD_CLOEXEC, 0)
	return n, sysErrorOf(err)
}

func sysSetNonblock(fd int, nonblocking bool) error { return unix.SetNonblock(fd, nonblocking) }

func sysInheritable(fd int) (bool, error) {
	flags, err := unix.FcntlInt(uintptr(fd), unix.F_GETFD, 0)
	return flags&unix.FD_CLOEXEC == 0, err
}

func sysSetInheritable(fd int, inheritable bool) error {
	flags, err := unix.FcntlInt(uintptr(fd), unix.F_GETFD, 0)
	if err != nil {
		return err
	}
	want := flags | unix.FD_CLOEXEC
	if inheritable {
		want = flags &^ unix.FD_CLOEXEC
	}
	if want == flags {
		return nil
	}
	_, err = unix.FcntlInt(uintptr(fd), unix.F_SETFD, want)
	return err
}

func sysListen(fd, backlog int) error { return unix.Listen(fd, backlog) }

func sysShutdown(fd, how int) error { return unix.Shutdown(fd, how) }

// sysConnectOver reports whether a pending connect is over, and whether poll(2) reports a hang-up
// or an error.
func sysConnectOver(fd int) (over, hungUp bool) {
	events := sysPoll(fd, unix.POLLOUT)
	return events != 0, events&(unix.POLLHUP|unix.POLLERR|unix.POLLNVAL) != 0
}

// sysSockError returns the socket's pending error and clears it: SO_ERROR.
func sysSockError(fd int) error {
	v, err := sysGetsockoptInt(fd, SOL_SOCKET, SO_ERROR)
	if err == nil && v != 0 {
		err = syscall.Errno(v)
	}
	return err
}

// sysWritable reports whether poll(2) finds fd writable or broken. If it returns false, an edge
// will follow.
func sysWritable(fd int) bool { return sysPoll(fd, unix.POLLOUT) != 0 }
