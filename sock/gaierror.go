package sock

import (
	"errors"
	"fmt"
)

// A GaiError is a name that could not be resolved: Python's gaierror.
type GaiError struct {
	Code int   // EAI_*, negative on Linux
	Err  error // what the resolver said, mostly a *net.DNSError; may be nil
}

func (e *GaiError) Error() string {
	text := gaiStrerror(e.Code)
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

// gaiStrerror is gai_strerror(3) in glibc's words.
func gaiStrerror(code int) string {
	for _, e := range gaiErrors {
		if e.code == code {
			return e.text
		}
	}
	return "Unknown error"
}

type gaiText struct {
	code int
	text string
}

// gaiErrors are those that every system has. On Windows two of them have one code.
var gaiErrors = append([]gaiText{
	{EAI_NONAME, "Name or service not known"},
	{EAI_AGAIN, "Temporary failure in name resolution"},
	{EAI_BADFLAGS, "Bad value for ai_flags"},
	{EAI_FAIL, "Non-recoverable failure in name resolution"},
	{EAI_FAMILY, "ai_family not supported"},
	{EAI_MEMORY, "Memory allocation failure"},
	{EAI_NODATA, "No address associated with hostname"},
	{EAI_SERVICE, "Servname not supported for ai_socktype"},
	{EAI_SOCKTYPE, "ai_socktype not supported"},
}, gaiErrorsHere...)

// A HError is a host that the functions of the hosts database did not find: Python's herror.
type HError struct {
	Code int // 1 HOST_NOT_FOUND, 2 TRY_AGAIN, 3 NO_RECOVERY, 4 NO_DATA: <netdb.h>
	Err  error
}

// herrorText is hstrerror(3) of glibc.
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
