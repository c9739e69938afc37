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

// NsecToTimespec is unix.NsecToTimespec.
func NsecToTimespec(ns int64) Timespec { return unix.NsecToTimespec(ns) }

// CloseOnExec is unix.CloseOnExec.
func CloseOnExec(fd int) { unix.CloseOnExec(fd) }

// Pipe2 is pipe2(2).
func Pipe2(p []int, flags int) error { return unix.Pipe2(p, flags) }

// Read is read(2).
func Read(fd int, p []byte) (int, error) { return unix.Read(fd, p) }

// Write is write(2).
func Write(fd int, p []byte) (int, error) { return unix.Write(fd, p) }
