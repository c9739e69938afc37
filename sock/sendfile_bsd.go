//go:build darwin || dragonfly || freebsd

package sock

import (
	"github.com/polluxio/pollux/loop"
	"golang.org/x/sys/unix"
)

// sysSendfile wraps sendfile(2), which tells what went with EAGAIN and EINTR too, and raises no
// signal that Go does not ignore. It may block on the disk, and so x/sys tells the scheduler.
func sysSendfile(to, from int, offset int64, n int, _ func() error) (int, error) {
	for {
		done, err := unix.Sendfile(to, from, &offset, n)
		switch {
		case done > 0:
			return done, nil // what else there is, the next call says
		case err == unix.EAGAIN:
			return 0, loop.ErrAgain
		case err != unix.EINTR:
			return 0, err
		}
	}
}

// sysWritable says whether poll(2) finds fd writable, or broken.
func sysWritable(fd int) bool {
	p := []unix.PollFd{{Fd: int32(fd), Events: unix.POLLOUT}}
	n, err := unix.Poll(p, 0)
	return n > 0 || err != nil // whoever tries it will see
}

func ensureNonblock(fd int) { unix.SetNonblock(fd, true) }
