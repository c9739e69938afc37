package sock

import (
	"errors"
	"fmt"
	"net"
	"runtime"
	"syscall"

	"github.com/polluxio/pollux/loop"
)

// ErrWouldBlock is what a call on a non-blocking socket returns when it cannot be done now:
// Python's BlockingIOError for EAGAIN. errors.Is finds syscall.EAGAIN in it too.
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
	return badFD{&ArgError{ArgRange, arg, sysfd, "negative file descriptor"}}
}

// fail wraps err, the error of op on s, once: in a *net.OpError with the name of the network and
// the addresses of both ends. addr is the address that op was given, if any.
func (s *core) fail(op string, addr Addr, err error) error {
	if settled(&err) {
		return err
	}
	if s.flags.Load()&bareErrors != 0 {
		return s.failOn(-1, op, addr, err)
	}
	sysfd, closed := s.fd.Acquire()
	err = s.failOn(sysfd, op, addr, err)
	if closed == nil {
		s.fd.Release()
	}
	return err
}

// failOn is fail for a caller that keeps the descriptor open, or has -1 because it is closed.
func (s *core) failOn(sysfd int, op string, addr Addr, err error) error {
	if settled(&err) {
		return err
	}
	e := &net.OpError{Op: op, Net: s.network(), Err: hostErrorOf(err)}
	if s.flags.Load()&bareErrors == 0 {
		s.locate(e, sysfd, addr)
	}
	return e
}

// settled says that *err needs no addresses: nil, or what a call that must not wait returns.
func settled(err *error) bool {
	if *err == loop.ErrAgain || *err == syscall.EAGAIN {
		*err = ErrWouldBlock
	}
	return *err == nil || *err == ErrWouldBlock
}

// hostErrorOf is hostError for an error that need not be an errno.
func hostErrorOf(err error) error {
	if errno, ok := err.(syscall.Errno); ok {
		return hostError(errno)
	}
	return err
}

// OpError wraps err as the socket's own methods do: in a *net.OpError with the name of the
// operation, the name of the network, and the addresses of both ends; addr is that of the far end,
// or the zero Addr for the peer that the socket is connected to. It returns nil for nil, and
// ErrWouldBlock for EAGAIN. Packages that add operations to a socket, by Attempt or SyscallConn,
// use it, so that their errors read as all others.
func (s *Socket) OpError(op string, addr Addr, err error) error { return s.fail(op, addr, err) }

// BareErrors leaves the addresses of both ends out of the errors of the socket, in all its views: a
// package that knows the addresses, and gives errors a form of its own, need not have them looked
// up for each.
func (s *Socket) BareErrors() { s.flags.Or(bareErrors) }

// failed wraps err, the error of op where there is no socket; a family of AF_UNSPEC names no
// network.
func failed(op string, family Family, err error) error { return failedAs(op, family, 0, 0, err) }

// failedAs is failed for a kind of socket.
func failedAs(op string, family Family, typ Type, proto Protocol, err error) error {
	if settled(&err) {
		return err
	}
	return &net.OpError{Op: op, Net: networkOf(family, typ, proto), Err: hostErrorOf(err)}
}

// lacks is the error of what this system does not have.
func lacks(what string) error {
	return fmt.Errorf("%s on %s: %w", what, runtime.GOOS, errors.ErrUnsupported)
}
