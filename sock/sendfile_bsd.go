//go:build darwin || dragonfly || freebsd

package sock

import (
	"github.com/polluxio/pollux/loop"
	"golang.org/x/sys/unix"
)

// sysSendfile wraps sendfile(2). The call may block on the disk, so x/sys informs the scheduler. No
// flag of this call prevents SIGPIPE; Go ignores that signal.
//
// The call reports the bytes sent also when it ends early: with EAGAIN if the socket is full, with
// EINTR at a signal, and on FreeBSD with EBUSY. Those bytes count, and the next call sends the
// rest. After any other error the number proves nothing: macOS leaves the requested number there.
func sysSendfile(to, from int, offset int64, n int, _ func() error) (int, error) {
	for {
		done, err := unix.Sendfile(to, from, &offset, n)
		switch err {
		case nil:
			return done, nil
		case unix.EAGAIN:
			if done > 0 {
				return done, nil
			}
			return 0, loop.ErrAgain
		case unix.EINTR, unix.EBUSY:
			if done > 0 {
				return done, nil
			}
		default:
			return 0, err
		}
	}
}
