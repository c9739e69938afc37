//go:build darwin || dragonfly || freebsd

package sock

import "golang.org/x/sys/unix"

// sysSendfile wraps sendfile(2). The call may block on the disk, so x/sys informs the scheduler. No
// flag of this call prevents SIGPIPE; Go ignores that signal.
//
// See partSent for a call that ends early.
func sysSendfile(to, from int, offset int64, n int, _ func() error) (int, error) {
	for {
		done, err := unix.Sendfile(to, from, &offset, n)
		if done, err, over := partSent(done, err); over {
			return done, err
		}
	}
}
