package netconn

import (
	"errors"
	"net"
	"syscall"

	"github.com/polluxio/pollux/sock"
)

// An ArgError reports an argument that breaks a rule of the call. The call finds it before it makes
// a system call.
type ArgError = sock.ArgError

// cause returns err without the *net.OpError of package sock. This package puts its own around it,
// with the names of package net.
func cause(err error) error {
	if op, ok := err.(*net.OpError); ok {
		return op.Err
	}
	return err
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
