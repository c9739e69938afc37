package sock_test

import (
	"errors"
	"syscall"
	"testing"

	"github.com/polluxio/pollux/sock"
)

// A negative descriptor is EBADF, as to the system, and an *ArgError that says which.
func TestNegativeDescriptors(t *testing.T) {
	for name, call := range map[string]func(int) error{
		"Close":  sock.Close,
		"Dup":    func(fd int) error { _, err := sock.Dup(fd); return err },
		"Adopt":  func(fd int) error { _, err := sock.Adopt(fd, sock.AF_INET, sock.SOCK_STREAM, 0); return err },
		"Fromfd": func(fd int) error { _, err := sock.Fromfd(fd, sock.AF_INET, sock.SOCK_STREAM, 0); return err },
	} {
		for _, fd := range []int{-1, -100} {
			err := call(fd)
			arg, isArg := errors.AsType[*sock.ArgError](err)
			if !errors.Is(err, syscall.EBADF) || !isArg || arg.Value != fd {
				t.Errorf("%s of %d: %v", name, fd, err)
			}
		}
	}
}
