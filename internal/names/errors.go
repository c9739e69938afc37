package names

import (
	"errors"
	"fmt"
	"net"
	"os"
	"slices"
	"strings"
	"syscall"
)

// An Error is a question without an answer.
type Error struct {
	Code Code
	Err  error // the cause: a *net.DNSError, which has the name too
}

// A Code says why a question has no answer. The comments have the names of <netdb.h>.
type Code int

const (
	_ Code = iota

	BadFlags     // EAI_BADFLAGS
	UnknownName  // EAI_NONAME
	Again        // EAI_AGAIN
	BadFamily    // EAI_FAMILY
	BadService   // EAI_SERVICE
	BadSockType  // EAI_SOCKTYPE
	NoData       // EAI_NODATA
	OtherAddress // EAI_ADDRFAMILY: the address has another family

	// The look-up in the hosts database has codes of its own: h_errno.
	HostNotFound   // HOST_NOT_FOUND
	HostAgain      // TRY_AGAIN
	HostNoRecovery // NO_RECOVERY
)

func (e *Error) Error() string { return fmt.Sprintf("code %d: %v", e.Code, e.Err) }

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// Is reports true for an *Error with the same code and without a cause.
func (e *Error) Is(target error) bool {
	other, ok := target.(*Error)
	return ok && other.Err == nil && other.Code == e.Code
}

// A RefusedError reports text that is not a host or an address at all. The resolver was not asked.
type RefusedError struct {
	Wrong Wrong
	Arg   string // the name of the argument
	Value any
	Rule  string // in Python's words
}

// Wrong says what is wrong with a refused argument.
type Wrong int

const (
	Malformed Wrong = iota
	Missing
	TooLong
	OtherType
)

func (e *RefusedError) Error() string { return fmt.Sprintf("%s (%s is %v)", e.Rule, e.Arg, e.Value) }

// Fault returns the error for a question that was refused before the resolver saw it. It has the
// form of a resolver's error.
func Fault(code Code, name, why string) error {
	notFound := code == UnknownName || code == NoData || code == BadService
	return &Error{code, &net.DNSError{Err: why, Name: name, IsNotFound: notFound}}
}

func noName(name, why string) error { return Fault(UnknownName, name, why) }

// answerOf returns the resolver's answer in err. ok is false if err is not an answer of the
// resolver.
//
// The answer wraps no error but a shortage. A context error inside it belongs to the resolver,
// which limits the time of each server. It is not the end of the caller's context.
func answerOf(err error) (answer *net.DNSError, ok bool) {
	dns, ok := errors.AsType[*net.DNSError](err)
	if !ok {
		return nil, false
	}
	answer = new(*dns)
	answer.UnwrapErr = shortage(answer.Err)
	return answer, true
}

// shortages are the errnos of missing descriptors or memory.
var shortages = []syscall.Errno{syscall.EMFILE, syscall.ENFILE, syscall.ENOBUFS, syscall.ENOMEM}

// shortage finds one of shortages at the end of an answer's text, or nil: package net keeps no more
// than the text of the error of a socket.
func shortage(text string) error {
	for _, errno := range shortages {
		if strings.HasSuffix(text, ": "+errno.Error()) {
			return errno
		}
	}
	return nil
}

// addrError translates an error of the resolver for the address of a host. Everything that keeps a
// server from answering is temporary, as in glibc: SERVFAIL, REFUSED, silence, nonsense, no
// descriptor left.
func addrError(host string, err error) error {
	if _, ok := errors.AsType[*net.AddrError](err); ok { // package net found only addresses of the other kind
		return Fault(NoData, host, "no address of this family")
	}
	return coded(err, UnknownName, Again)
}

// hostError translates an error of the resolver for the name of a host.
func hostError(err error) error { return coded(err, HostNotFound, HostAgain) }

// coded gives an answer of the resolver its code: notFound for a name that does not exist, again
// for all else. Other errors stay as they are.
func coded(err error, notFound, again Code) error {
	switch answer, ok := answerOf(err); {
	case !ok:
		return err
	case answer.IsNotFound && !wasShort(answer):
		return &Error{notFound, answer}
	default:
		return &Error{again, answer}
	}
}

// wasShort reports whether a host may be unknown only because descriptors or memory ran out. It
// then makes that errno the cause of the answer, and the answer temporary.
//
// Package net treats a file that it cannot open as a missing file, and then reports that the host
// does not exist. A caller would believe this for ever. wasShort opens three descriptors as a test,
// because package net has a file and two sockets open at a time.
func wasShort(answer *net.DNSError) bool {
	var held [3]*os.File
	defer func() {
		for _, f := range held {
			f.Close() // works for nil too
		}
	}()
	for i := range held {
		var err error
		if held[i], err = os.Open(os.DevNull); err == nil {
			continue
		}
		if errno, ok := errors.AsType[syscall.Errno](err); ok && slices.Contains(shortages, errno) {
			answer.Err, answer.UnwrapErr = errno.Error(), errno
			answer.IsNotFound, answer.IsTemporary = false, true
			return true
		}
	}
	return false
}
