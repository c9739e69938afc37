//go:build !windows

package sock

import "syscall"

// hostErrno returns errno: on this system the caller gets the number that this package uses inside.
func hostErrno(errno syscall.Errno) syscall.Errno { return errno }

// noSocket is the error of an operation on a closed descriptor.
const noSocket = syscall.EBADF

func hostError(errno syscall.Errno) error { return errno }
