package sock

import (
	"errors"
	"fmt"
	"net"
	"runtime"
	"syscall"

	"github.com/polluxio/pollux/loop"
)

// ErrWouldBlock is the error of a call on a non-blocking socket that cannot complete now: Python's
// BlockingIOError for EAGAIN. errors.Is(err, syscall.EAGAIN) is true for it too.
var ErrWouldBlock error = wouldBlock{}

type wouldBlock struct{}

func (wouldBlock) Error() string   { return "operation would block" }
func (wouldBlock) Timeout() bool   { return true }
func (wouldBlock) Temporary() bool { return true }
func (wouldBlock) Is(target error) bool {
	return target == syscall.EAGAIN || target == syscall.EWOULDBLOCK || target == loop.ErrAgain
}

var _ net.Error = wouldBlock{}

// A badFD is an *ArgError for a descriptor that the system would refuse with EBADF.
type badFD struct{ arg *ArgError }

func (e badFD) Error() string   { return e.arg.Error() }
func (e badFD) Unwrap() []error { return []error{e.arg, syscall.EBADF} }

func negativeFD(arg string, sysfd int) error {
	return badFD{&ArgError{ArgRange, arg, sysfd, "negative file descriptor"}}
}

// fail wraps err, the error of op on s, in a *net.OpError with the name of the network and the
// addresses of both ends. It wraps only once. addr is the address that the caller passed to op, or
// the zero Addr.
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

// failIn is fail without an address. It is a function of its own, so that an operation that waits
// has no Addr on its stack.
//
//go:noinline
func (s *core) failIn(op string, err error) error {
	if err == nil {
		return nil
	}
	return s.fail(op, Addr{}, err)
}

// failOn is fail for a caller that holds the descriptor open. sysfd is -1 if the descriptor is
// closed.
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

// settled reports whether *err needs no addresses: it is nil or ErrWouldBlock. It replaces EAGAIN
// by ErrWouldBlock.
func settled(err *error) bool {
	if *err == loop.ErrAgain || isAgain(*err) {
		*err = ErrWouldBlock
	}
	return *err == nil || *err == ErrWouldBlock
}

// hostErrorOf is hostError for any error: an error that is not an errno stays as it is.
func hostErrorOf(err error) error {
	if errno, ok := err.(syscall.Errno); ok {
		return hostError(errno)
	}
	return err
}

// OpError wraps err in a *net.OpError, as the methods of the socket do: with the name of the
// operation, the name of the network and the addresses of both ends. addr is the address of the far
// end. The zero Addr stands for the peer that the socket is connected to. OpError returns nil for
// nil, and ErrWouldBlock for EAGAIN, which is WSAEWOULDBLOCK on Windows.
//
// It is for packages that add operations to a socket by Attempt or SyscallConn. Their errors then
// have the same form as all others.
func (s *Socket) OpError(op string, addr Addr, err error) error { return s.fail(op, addr, err) }

// BareErrors leaves the addresses of both ends out of the errors of the socket, in all its views.
// It is for a package that knows the addresses and has its own form of errors: the socket then does
// not look up the addresses for each error.
func (s *Socket) BareErrors() { s.flags.Or(bareErrors) }

// failed wraps err, the error of op, where no socket exists. AF_UNSPEC means an unknown family: the
// error then names no network.
func failed(op string, family Family, err error) error { return failedAs(op, family, 0, 0, err) }

// failedAs is failed with the type and the protocol of the socket.
func failedAs(op string, family Family, typ Type, proto Protocol, err error) error {
	if settled(&err) {
		return err
	}
	return &net.OpError{Op: op, Net: networkOf(family, typ, proto), Err: hostErrorOf(err)}
}

// lacks returns the error for a feature that this system does not have.
func lacks(what string) error {
	return fmt.Errorf("%s on %s: %w", what, runtime.GOOS, errors.ErrUnsupported)
}
