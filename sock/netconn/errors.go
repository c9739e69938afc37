package netconn

import (
	"context"
	"errors"
	"net"
	"os"
	"syscall"

	"github.com/polluxio/pollux/sock"
)

// An ArgError reports an argument that breaks a rule of the call. The call finds it before it makes
// a system call.
type ArgError = sock.ArgError

// cause returns err without the *net.OpError of package sock. This package puts its own around it,
// with the names of package net. As there, an errno is in an *os.SyscallError with the name of its
// call.
func cause(err error) error {
	op, ok := err.(*net.OpError)
	if !ok {
		return err
	}
	switch err := op.Err.(type) {
	case syscall.Errno:
		return os.NewSyscallError(callName(op.Op), err)
	case *sock.GaiError: // of a host in an address
		if dns, ok := err.Err.(*net.DNSError); ok {
			return dns
		}
	}
	return op.Err
}

// callName returns the name in package net of the system call that package sock has made.
func callName(op string) string {
	switch op {
	case "recv":
		return "read"
	case "send", "sendall":
		return "write"
	}
	return op
}

// errTimeout is the error of a Dial that has had its time. As in package net, it is a deadline of a
// context too.
var errTimeout error = timeout{}

type timeout struct{}

func (timeout) Error() string   { return os.ErrDeadlineExceeded.Error() }
func (timeout) Timeout() bool   { return true }
func (timeout) Temporary() bool { return true }

func (timeout) Is(target error) bool {
	return target == os.ErrDeadlineExceeded || target == context.DeadlineExceeded
}

// lookupCause is cause for an operation that may have looked up a host. It returns a *net.DNSError
// where package net does.
func lookupCause(err error) error {
	var gai *sock.GaiError
	if errors.As(err, &gai) {
		if dns, ok := gai.Err.(*net.DNSError); ok {
			return dns
		}
	}
	return cause(err)
}

// errBadWrite is for a writer that breaks the rules of io.Writer.
var errBadWrite = errors.New("the Write of the destination reported more bytes than it was given, or less than none")

// errNoAddr is the error of package net for a nil address.
var errNoAddr = &net.AddrError{Err: "missing address"}

// isZero reports whether s is the socket of a zero Conn, Listener or PacketConn, or a view of it.
func isZero(s *sock.Socket) bool { return s.Base() == (*sock.Socket)(nil).OrClosed() }

// errZero is the error of op on a zero Conn, Listener or PacketConn. Package net returns EINVAL
// too.
func errZero(op string) error { return &net.OpError{Op: op, Err: syscall.EINVAL} }
