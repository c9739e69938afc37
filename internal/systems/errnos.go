package systems

import (
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"syscall"
)

// Errnos is a set of errors. An empty set stands for success.
type Errnos []syscall.Errno

// Has reports whether err is in the set.
func (e Errnos) Has(err error) bool {
	if err == nil {
		return len(e) == 0
	}
	return slices.ContainsFunc(e, func(errno syscall.Errno) bool { return errors.Is(err, errno) })
}

// errnoNames are the errors that the table names.
var errnoNames = map[string]syscall.Errno{
	"EADDRNOTAVAIL": syscall.EADDRNOTAVAIL, "EAGAIN": syscall.EAGAIN, "EALREADY": syscall.EALREADY, "ECONNABORTED": syscall.ECONNABORTED,
	"ECONNREFUSED": syscall.ECONNREFUSED, "ECONNRESET": syscall.ECONNRESET, "EDESTADDRREQ": syscall.EDESTADDRREQ, "EFAULT": syscall.EFAULT,
	"EINPROGRESS": syscall.EINPROGRESS, "EINVAL": syscall.EINVAL, "EISCONN": syscall.EISCONN, "EMSGSIZE": syscall.EMSGSIZE,
	"ENOBUFS": syscall.ENOBUFS, "ENOPROTOOPT": syscall.ENOPROTOOPT, "ENOTCONN": syscall.ENOTCONN, "ENOTSOCK": syscall.ENOTSOCK,
	"EOPNOTSUPP": syscall.EOPNOTSUPP, "EPIPE": syscall.EPIPE, "EPROTONOSUPPORT": syscall.EPROTONOSUPPORT, "EPROTOTYPE": syscall.EPROTOTYPE,
	"ESHUTDOWN": syscall.ESHUTDOWN, "ESOCKTNOSUPPORT": syscall.ESOCKTNOSUPPORT,
}

// Errnos returns the errors that the answer names, separated by " or ". It returns an empty set for
// "success". ok is false if the answer is a text.
func (a Answer) Errnos() (set Errnos, ok bool) {
	if a.Says == "success" {
		return nil, true
	}
	for name := range strings.SplitSeq(a.Says, " or ") {
		errno, known := errnoNames[name]
		if !known {
			return nil, false
		}
		set = append(set, errno)
	}
	return set, true
}

// Here returns what the system of this program says. It panics if the table has no answer.
func Here(q Question) Answer {
	a, ok := Of(runtime.GOOS, q)
	if !ok {
		panic(fmt.Sprintf("systems: no answer for %s: %s", runtime.GOOS, q))
	}
	return a
}

// ErrnosHere returns the errors of a question on the system of this program. It panics if the
// answer is a text.
func ErrnosHere(q Question) Errnos {
	a := Here(q)
	set, ok := a.Errnos()
	if !ok {
		panic(fmt.Sprintf("systems: no errors for %s: %s: %s", runtime.GOOS, q, a.Says))
	}
	return set
}
