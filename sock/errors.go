package sock

import (
	"errors"
	"fmt"
	"net"
	"os"
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

// An ArgError is an argument that breaks a rule of the call's, found before the system was asked: ValueError and OverflowError
// in Python.
type ArgError struct {
	Arg   string // its name
	Value any
	Rule  string // what is wrong and what would be right, in Python's words where it has some
}

func (e *ArgError) Error() string { return fmt.Sprintf("%s (%s is %v)", e.Rule, e.Arg, e.Value) }

// fail wraps what went wrong in op on s, once. addr is the address that op was given, if any.
func (s *Socket) fail(op string, addr Addr, err error) error {
	switch err {
	case nil:
		return nil
	case loop.ErrAgain, syscall.EAGAIN:
		return ErrWouldBlock
	}
	e := &net.OpError{Op: op, Net: familyName(int(s.family)), Err: err}
	if !addr.IsZero() {
		e.Addr = addr
	}
	if errno, ok := err.(syscall.Errno); ok {
		e.Err = os.NewSyscallError(op, errno)
	}
	return e
}

// failed is fail for what has no socket.
func failed(op string, family int, err error) error {
	return (&Socket{core: &core{family: int32(family)}}).fail(op, Addr{}, err)
}

// A GaiError is a name that could not be resolved: Python's gaierror.
type GaiError struct {
	Code int   // EAI_*, negative on Linux
	Err  error // what the resolver said, mostly a *net.DNSError; may be nil
}

func (e *GaiError) Error() string {
	text, ok := gaiText[e.Code]
	if !ok {
		text = "Unknown error"
	}
	if e.Err == nil {
		return fmt.Sprintf("[Errno %d] %s", e.Code, text)
	}
	return fmt.Sprintf("[Errno %d] %s: %v", e.Code, text, e.Err)
}

func (e *GaiError) Unwrap() error { return e.Err }

// Is makes two errors of one code equal.
func (e *GaiError) Is(target error) bool {
	other, ok := target.(*GaiError)
	return ok && other.Err == nil && other.Code == e.Code
}

// Timeout is that of the resolver.
func (e *GaiError) Timeout() bool {
	var t interface{ Timeout() bool }
	return errors.As(e.Err, &t) && t.Timeout()
}

// gaiText is gai_strerror(3) of glibc.
var gaiText = map[int]string{
	EAI_ADDRFAMILY: "Address family for hostname not supported",
	EAI_AGAIN:      "Temporary failure in name resolution",
	EAI_BADFLAGS:   "Bad value for ai_flags",
	EAI_FAIL:       "Non-recoverable failure in name resolution",
	EAI_FAMILY:     "ai_family not supported",
	EAI_MEMORY:     "Memory allocation failure",
	EAI_NODATA:     "No address associated with hostname",
	EAI_NONAME:     "Name or service not known",
	EAI_SERVICE:    "Servname not supported for ai_socktype",
	EAI_SOCKTYPE:   "ai_socktype not supported",
	EAI_SYSTEM:     "System error",
}

// A HError is a host that the functions of the hosts database did not find: Python's herror.
type HError struct {
	Code int // 1 HOST_NOT_FOUND, 2 TRY_AGAIN, 3 NO_RECOVERY, 4 NO_DATA: <netdb.h>
	Err  error
}

// herror texts are hstrerror(3) of glibc.
var herrorText = [...]string{
	"Resolver Error 0 (no error)", "Unknown host", "Host name lookup failure", "Unknown server error",
	"No address associated with name",
}

func (e *HError) Error() string {
	if e.Code < 0 || e.Code >= len(herrorText) {
		return "Unknown resolver error"
	}
	return fmt.Sprintf("[Errno %d] %s", e.Code, herrorText[e.Code])
}

func (e *HError) Unwrap() error { return e.Err }
