//go:build !windows

package sock

import "syscall"

// hostErrno returns errno: the number of the system is the one that this package knows it by.
func hostErrno(errno syscall.Errno) syscall.Errno { return errno }

// noSocket is the error of a descriptor that is closed.
const noSocket = syscall.EBADF

func hostError(errno syscall.Errno) error { return errno }
