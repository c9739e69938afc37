package sock

import (
	"errors"
	"fmt"
	"net"
	"os"
	"runtime"
	"syscall"

	"github.com/polluxio/pollux/loop"
)

// ErrWouldBlock is what a call on a non-blocking socket returns when it cannot be done now: Python's BlockingIOError for EAGAIN.
// errors.Is finds syscall.EAGAIN in it too.
var ErrWouldBlock error = wouldBlock{}

type wouldBlock struct{}

func (wouldBlock) Error() string   { return "operation would block" }
func (wouldBlock) Timeout() bool   { return true }
func (wouldBlock) Temporary() bool { return true }
func (wouldBlock) Is(target error) bool {
	return target == syscall.EAGAIN || target == syscall.EWOULDBLOCK || target == loop.ErrAgain
}

var _ net.Error = wouldBlock{}

// A badFD is an *ArgError for what the system would refuse with EBADF.
type badFD struct{ arg *ArgError }

func (e badFD) Error() string   { return e.arg.Error() }
func (e badFD) Unwrap() []error { return []error{e.arg, syscall.EBADF} }

func negativeFD(arg string, sysfd int) error {
	return badFD{&ArgError{arg, sysfd, "negative file descriptor"}}
}

// fail wraps what went wrong in op on s, once. addr is the address that op was given, if any.
func (s *core) fail(op string, addr Addr, err error) error {
	switch err {
	case nil:
		return nil
	case loop.ErrAgain, syscall.EAGAIN:
		return ErrWouldBlock
	}
	e := &net.OpError{Op: op, Err: err}
	if s.family > AF_UNSPEC { // else there is none yet
		e.Net = familyName(int(s.family))
	}
	if !addr.IsZero() {
		e.Addr = addr
	}
	if errno, ok := err.(syscall.Errno); ok {
		e.Err = os.NewSyscallError(op, errno)
	}
	return e
}

// OpError wraps err as the socket's own methods do: in a *net.OpError with the name of the operation, the network's name and addr,
// which may be the zero Addr. It returns nil for nil, and ErrWouldBlock for EAGAIN. It is for packages that add operations to a
// socket, by Attempt or SyscallConn, so that their errors read as all others.
func (s *Socket) OpError(op string, addr Addr, err error) error { return s.fail(op, addr, err) }

// failed is fail for what has no socket.
func failed(op string, family int, err error) error {
	return (&core{family: int32(family)}).fail(op, Addr{}, err)
}

// lacks is the error of what this system does not have.
func lacks(what string) error {
	return fmt.Errorf("%s on %s: %w", what, runtime.GOOS, errors.ErrUnsupported)
}
