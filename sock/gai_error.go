package sock

import (
	"errors"
	"fmt"

	"github.com/polluxio/pollux/internal/names"
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

// namesError gives an error of package names Python's form. Other errors stay as they are.
func namesError(err error) error {
	switch e := err.(type) {
	case *names.Error:
		if e.Code >= names.HostNotFound {
			return &HError{hCodes[e.Code], e.Err}
		}
		return &GaiError{gaiCodes[e.Code], e.Err}
	case *names.RefusedError:
		return &ArgError{refusedKinds[e.Wrong], e.Arg, e.Value, e.Rule}
	}
	return err
}

var gaiCodes = [...]int{
	names.BadFlags: EAI_BADFLAGS, names.UnknownName: EAI_NONAME, names.Again: EAI_AGAIN,
	names.BadFamily: EAI_FAMILY, names.BadService: EAI_SERVICE, names.BadSockType: EAI_SOCKTYPE,
	names.NoData: EAI_NODATA, names.OtherAddress: eaiAddrFamily,
}

// h_errno, <netdb.h>
var hCodes = [...]int{
	names.HostNotFound: hBase + 1, names.HostAgain: hBase + 2, names.HostNoRecovery: hBase + 3,
}

var refusedKinds = [...]ArgKind{
	names.Malformed: ArgSyntax, names.Missing: ArgMissing, names.TooLong: ArgTooLong, names.OtherType: ArgType,
}

func noName(name, why string) error { return namesError(names.Fault(names.UnknownName, name, why)) }
