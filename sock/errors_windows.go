package sock

import "syscall"

// Winsock has its own numbers for POSIX errors such as ECONNREFUSED. Package syscall defines other
// numbers under the POSIX names, which no system call returns. Inside, this package uses the POSIX
// names on every system: posixErrno translates the result of a call, once. The caller gets a
// winsockError. errors.As finds the Winsock number in it, its text is that of the Winsock number,
// and errors.Is finds the POSIX name.

// winsockErrnos maps Winsock numbers to POSIX names: <winsock2.h>, <winerror.h>. If several rows
// have the same POSIX name, the caller gets the number of the first one.
var winsockErrnos = [...]struct {
	number syscall.Errno
	name   syscall.Errno
}{
	{10004, syscall.EINTR},
	{10009, syscall.EBADF},
	{10013, syscall.EACCES},
	{10014, syscall.EFAULT},
	{10022, syscall.EINVAL},
	{10024, syscall.EMFILE},
	{10035, syscall.EAGAIN},
	{10036, syscall.EINPROGRESS},
	{10037, syscall.EALREADY},
	{10038, syscall.ENOTSOCK},
	{10039, syscall.EDESTADDRREQ},
	{10040, syscall.EMSGSIZE},
	{10041, syscall.EPROTOTYPE},
	{10042, syscall.ENOPROTOOPT},
	{10043, syscall.EPROTONOSUPPORT},
	{10044, syscall.ESOCKTNOSUPPORT},
	{10045, syscall.EOPNOTSUPP},
	{10046, syscall.EPFNOSUPPORT},
	{10047, syscall.EAFNOSUPPORT},
	{10048, syscall.EADDRINUSE},
	{10049, syscall.EADDRNOTAVAIL},
	{10050, syscall.ENETDOWN},
	{10051, syscall.ENETUNREACH},
	{10052, syscall.ENETRESET},
	{10053, syscall.ECONNABORTED},
	{10054, syscall.ECONNRESET},
	{10055, syscall.ENOBUFS},
	{10056, syscall.EISCONN},
	{10057, syscall.ENOTCONN},
	{10058, syscall.ESHUTDOWN},
	{10059, syscall.ETOOMANYREFS},
	{10060, syscall.ETIMEDOUT},
	{10061, syscall.ECONNREFUSED},
	{10062, syscall.ELOOP},
	{10063, syscall.ENAMETOOLONG},
	{10064, syscall.EHOSTDOWN},
	{10065, syscall.EHOSTUNREACH},
	{5, syscall.EACCES},          // ERROR_ACCESS_DENIED
	{6, syscall.EBADF},           // ERROR_INVALID_HANDLE
	{8, syscall.ENOMEM},          // ERROR_NOT_ENOUGH_MEMORY
	{14, syscall.ENOMEM},         // ERROR_OUTOFMEMORY
	{50, syscall.EOPNOTSUPP},     // ERROR_NOT_SUPPORTED
	{64, syscall.ECONNRESET},     // ERROR_NETNAME_DELETED
	{87, syscall.EINVAL},         // ERROR_INVALID_PARAMETER
	{995, syscall.ECANCELED},     // ERROR_OPERATION_ABORTED
	{1229, syscall.ENOTCONN},     // ERROR_CONNECTION_INVALID
	{1236, syscall.ECONNABORTED}, // ERROR_CONNECTION_ABORTED
	{1450, syscall.ENOBUFS},      // ERROR_NO_SYSTEM_RESOURCES
}

// posixErrno returns the POSIX name for the result of a call, or the result itself if it has no
// POSIX name.
func posixErrno(errno syscall.Errno) syscall.Errno {
	for i := range winsockErrnos {
		if w := &winsockErrnos[i]; w.number == errno {
			return w.name
		}
	}
	return errno
}

// hostErrno returns the Winsock number for a POSIX name, or errno itself if Winsock has no number
// for it. A connect in progress is WSAEWOULDBLOCK, because WSAEINPROGRESS means that another call
// blocks.
func hostErrno(errno syscall.Errno) syscall.Errno {
	if errno == syscall.EINPROGRESS {
		errno = syscall.EAGAIN
	}
	for i := range winsockErrnos {
		if w := &winsockErrnos[i]; w.name == errno {
			return w.number
		}
	}
	return errno
}

// noSocket is the error of an operation on a closed socket.
const noSocket = syscall.Errno(10038) // WSAENOTSOCK

// hostError returns errno as the caller gets it. errno is a POSIX name or a Winsock number.
func hostError(errno syscall.Errno) error { return winsockError{hostErrno(errno), posixErrno(errno)} }

// A winsockError is an error of Winsock, as the caller gets it.
type winsockError struct {
	number syscall.Errno // for errors.As
	name   syscall.Errno // the POSIX name, for errors.Is; number itself without one
}

func (e winsockError) Error() string { return e.number.Error() }
func (e winsockError) Unwrap() error { return e.number }
func (e winsockError) Timeout() bool { return e.name == syscall.ETIMEDOUT }
func (e winsockError) Temporary() bool {
	return e.name == syscall.EINTR || e.name == syscall.EMFILE || e.Timeout()
}

// Is finds the POSIX names. Two Winsock numbers stand for two POSIX names each: Winsock has no
// EPIPE, and it returns one number for a closed handle and for the handle of a file.
func (e winsockError) Is(target error) bool {
	switch target {
	case e.name:
		return true
	case syscall.EPIPE:
		return e.name == syscall.ESHUTDOWN
	case syscall.EBADF:
		return e.name == syscall.ENOTSOCK
	case syscall.ENOTSUP:
		return e.name == syscall.EOPNOTSUPP
	}
	return e.name.Is(target)
}
