package kqueue

import "golang.org/x/sys/unix"

// What else the poller takes from x/sys/unix.

// A Timespec is struct timespec.
type Timespec = unix.Timespec

// The errors and flags of the other calls.
const (
	EINTR  = unix.EINTR
	EAGAIN = unix.EAGAIN
	EINVAL = unix.EINVAL

	O_CLOEXEC  = unix.O_CLOEXEC
	O_NONBLOCK = unix.O_NONBLOCK
)

// The other calls.
var (
	CloseOnExec    = unix.CloseOnExec
	NsecToTimespec = unix.NsecToTimespec
	Pipe2          = unix.Pipe2
	Read           = unix.Read
	Write          = unix.Write
)
