package sock

import (
	"errors"
	"fmt"
	"net"
	"os"
	"strings"
	"syscall"
)

// A GaiError is the error of getaddrinfo(3) and getnameinfo(3): Python's gaierror.
type GaiError struct {
	Code int   // EAI_*, negative on Linux
	Err  error // the cause: a *net.DNSError, which has the name too
}

func (e *GaiError) Error() string {
	return withCause(fmt.Sprintf("[Errno %d] %s", e.Code, e.Text()), e.Err)
}

// Text returns the text of gai_strerror(3), in glibc's words. Python on Linux has the same words.
func (e *GaiError) Text() string {
	for _, t := range gaiTexts {
		if t.code == e.Code {
			return t.text
		}
	}
	return "Unknown error"
}

func (e *GaiError) Unwrap() error { return e.Err }

// Is reports true for a *GaiError with the same code and without a cause. So errors.Is(err,
// &sock.GaiError{Code: sock.EAI_NONAME}) asks for a code.
func (e *GaiError) Is(target error) bool {
	other, ok := target.(*GaiError)
	return ok && other.Err == nil && other.Code == e.Code
}

// Timeout reports whether the resolver's own time limit has ended the look-up.
func (e *GaiError) Timeout() bool { return isTimeout(e.Err) }

type gaiText struct {
	code int
	text string
}

// gaiTexts begins with the codes that all systems have. On Windows, two of them have the same
// number.
var gaiTexts = append([]gaiText{
	{EAI_NONAME, "Name or service not known"},
	{EAI_AGAIN, "Temporary failure in name resolution"},
	{EAI_BADFLAGS, "Bad value for ai_flags"},
	{EAI_FAIL, "Non-recoverable failure in name resolution"},
	{EAI_FAMILY, "ai_family not supported"},
	{EAI_MEMORY, "Memory allocation failure"},
	{EAI_NODATA, "No address associated with hostname"},
	{EAI_SERVICE, "Servname not supported for ai_socktype"},
	{EAI_SOCKTYPE, "ai_socktype not supported"},
}, gaiTextsHere...)

// An HError says that the hosts database has no answer for a host: Python's herror.
type HError struct {
	Code int   // h_errno: 1 not found, 2 try again, 3 no recovery, 4 no data; on Windows 11001 to 11004
	Err  error // the cause: a *net.DNSError, which has the name too
}

// h_errno, <netdb.h>
const (
	hostNotFound = hBase + 1
	tryAgain     = hBase + 2
	noRecovery   = hBase + 3
)

// hTexts begins with the text for hBase.
var hTexts = [...]string{
	"Resolver Error 0 (no error)", "Unknown host", "Host name lookup failure", "Unknown server error",
	"No address associated with name",
}

func (e *HError) Error() string {
	return withCause(fmt.Sprintf("[Errno %d] %s", e.Code, e.Text()), e.Err)
}

// Text returns the text of hstrerror(3), in glibc's words. Python on Linux has the same words.
func (e *HError) Text() string {
	if i := e.Code - hBase; i >= 0 && i < len(hTexts) {
		return hTexts[i]
	}
	return "Unknown resolver error"
}

func (e *HError) Unwrap() error { return e.Err }

// Is reports true for an *HError with the same code and without a cause.
func (e *HError) Is(target error) bool {
	other, ok := target.(*HError)
	return ok && other.Err == nil && other.Code == e.Code
}

// Timeout reports whether the resolver's own time limit has ended the look-up.
func (e *HError) Timeout() bool { return isTimeout(e.Err) }

func withCause(text string, cause error) string {
	if cause == nil {
		return text
	}
	return text + ": " + cause.Error()
}

func isTimeout(err error) bool {
	t, ok := errors.AsType[interface {
		error
		Timeout() bool
	}](err)
	return ok && t.Timeout()
}

// gaiFault returns the error for a question that was refused before the resolver saw it. It has the
// form of a resolver's error.
func gaiFault(code int, name, why string) error {
	return &GaiError{code, &net.DNSError{Err: why, Name: name, IsNotFound: code == EAI_NONAME || code == EAI_NODATA || code == EAI_SERVICE}}
}

func noName(name, why string) error { return gaiFault(EAI_NONAME, name, why) }

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

// shortage finds the errno of missing descriptors or memory at the end of an answer's text, or nil:
// package net keeps no more than the text of the error of a socket.
func shortage(text string) error {
	for _, errno := range []syscall.Errno{syscall.EMFILE, syscall.ENFILE, syscall.ENOBUFS, syscall.ENOMEM} {
		if strings.HasSuffix(text, ": "+errno.Error()) {
			return errno
		}
	}
	return nil
}

// gaiError translates an error of the resolver into a GaiError. Everything that keeps a server from
// answering is temporary, as in glibc: SERVFAIL, REFUSED, silence, nonsense, no descriptor left.
func gaiError(host string, err error) error {
	if _, ok := errors.AsType[*net.AddrError](err); ok { // package net found only addresses of the other kind
		return gaiFault(EAI_NODATA, host, "no address of this family")
	}
	switch answer, ok := answerOf(err); {
	case !ok:
		return err
	case answer.IsNotFound && !wasShort(answer):
		return &GaiError{EAI_NONAME, answer}
	default:
		return &GaiError{EAI_AGAIN, answer}
	}
}

// hError translates an error of the resolver into an HError.
func hError(err error) error {
	switch answer, ok := answerOf(err); {
	case !ok:
		return err
	case answer.IsNotFound && !wasShort(answer):
		return &HError{hostNotFound, answer}
	default:
		return &HError{tryAgain, answer}
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
		if errno, ok := errors.AsType[syscall.Errno](err); ok && outOfResources(errno) {
			answer.Err, answer.UnwrapErr = errno.Error(), errno
			answer.IsNotFound, answer.IsTemporary = false, true
			return true
		}
	}
	return false
}
