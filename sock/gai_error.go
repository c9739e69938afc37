package sock

import (
	"errors"
	"fmt"
	"net"
	"os"
	"syscall"
)

// A GaiError is what getaddrinfo(3) and getnameinfo(3) fail with: Python's gaierror.
type GaiError struct {
	Code int   // EAI_*, negative on Linux
	Err  error // why: a *net.DNSError, in which the name is, too
}

func (e *GaiError) Error() string {
	return withCause(fmt.Sprintf("[Errno %d] %s", e.Code, e.Text()), e.Err)
}

// Text is gai_strerror(3) in glibc's words, which are Python's on Linux.
func (e *GaiError) Text() string {
	for _, t := range gaiTexts {
		if t.code == e.Code {
			return t.text
		}
	}
	return "Unknown error"
}

func (e *GaiError) Unwrap() error { return e.Err }

// Is makes two errors of one code equal, if the other has no cause: errors.Is(err,
// &sock.GaiError{Code: sock.EAI_NONAME}).
func (e *GaiError) Is(target error) bool {
	other, ok := target.(*GaiError)
	return ok && other.Err == nil && other.Code == e.Code
}

// Timeout says whether the resolver's own patience has ended.
func (e *GaiError) Timeout() bool { return isTimeout(e.Err) }

type gaiText struct {
	code int
	text string
}

// gaiTexts begins with what every system has. On Windows two of them have one code.
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

// An HError is a host that the functions of the hosts database did not find: Python's herror.
type HError struct {
	Code int   // h_errno: 1 not found, 2 try again, 3 no recovery, 4 no data; on Windows 11001 to 11004
	Err  error // why: a *net.DNSError, in which the name is, too
}

// h_errno, <netdb.h>
const (
	hostNotFound = hBase + 1
	tryAgain     = hBase + 2
	noRecovery   = hBase + 3
)

// hTexts begins at hBase.
var hTexts = [...]string{
	"Resolver Error 0 (no error)", "Unknown host", "Host name lookup failure", "Unknown server error",
	"No address associated with name",
}

func (e *HError) Error() string {
	return withCause(fmt.Sprintf("[Errno %d] %s", e.Code, e.Text()), e.Err)
}

// Text is hstrerror(3) in glibc's words, which are Python's on Linux.
func (e *HError) Text() string {
	if i := e.Code - hBase; i >= 0 && i < len(hTexts) {
		return hTexts[i]
	}
	return "Unknown resolver error"
}

func (e *HError) Unwrap() error { return e.Err }

// Is makes two errors of one code equal, if the other has no cause.
func (e *HError) Is(target error) bool {
	other, ok := target.(*HError)
	return ok && other.Err == nil && other.Code == e.Code
}

// Timeout says whether the resolver's own patience has ended.
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

// gaiFault is the error for what was not even asked, in the form of what the resolver says.
func gaiFault(code int, name, why string) error {
	return &GaiError{code, &net.DNSError{Err: why, Name: name, IsNotFound: code == EAI_NONAME || code == EAI_NODATA || code == EAI_SERVICE}}
}

func noName(name, why string) error { return gaiFault(EAI_NONAME, name, why) }

// answerOf is what the resolver says, if it is that.
//
// It wraps no error: a context that has ended in it is one of the resolver's own, which gives each
// server some time, and not the caller's.
func answerOf(err error) (answer *net.DNSError, ok bool) {
	dns, ok := errors.AsType[*net.DNSError](err)
	if !ok {
		return nil, false
	}
	answer = new(*dns)
	answer.UnwrapErr = nil
	return answer, true
}

// gaiError says in getaddrinfo's terms what has gone wrong in the resolver. As glibc does, it calls
// temporary whatever keeps a server from answering: SERVFAIL, REFUSED, silence, nonsense, no
// descriptor left.
func gaiError(host string, err error) error {
	if _, ok := errors.AsType[*net.AddrError](err); ok { // what package net makes of addresses that were not asked for
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

// hError is gaiError for the hosts database.
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

// wasShort says of a host that was not found whether the reason may be that descriptors or memory
// ran out, and makes that the answer's cause. Package net takes a file that it cannot open for one
// that does not exist, and then says that a host does not exist, which would be for ever. It has a
// file and two sockets open at a time.
func wasShort(answer *net.DNSError) bool {
	var held [3]*os.File
	defer func() {
		for _, f := range held {
			f.Close() // of nil too
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
