package sock

import (
	"syscall"

	"github.com/polluxio/pollux/loop"
)

// partSent returns the result of a sendfile(2) of macOS, FreeBSD or DragonFly, which has sent done
// bytes and returned err. over is false if the caller must make the call again.
//
// The call reports the bytes sent also when it ends early: with EAGAIN if the socket is full, with
// EINTR at a signal, and on FreeBSD with EBUSY. Those bytes count, and the next call sends the
// rest. After any other error the number proves nothing: macOS leaves the requested number there.
func partSent(done int, err error) (n int, _ error, over bool) {
	switch err {
	case nil:
		return done, nil, true
	case syscall.EAGAIN, syscall.EINTR, syscall.EBUSY:
		if done > 0 {
			return done, nil, true
		}
		if err == syscall.EAGAIN {
			return 0, loop.ErrAgain, true
		}
		return 0, nil, false
	}
	return 0, err, true
}
