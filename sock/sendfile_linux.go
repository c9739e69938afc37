package sock

import (
	"golang.org/x/sys/unix"
)

// sysSendfile wraps sendfile(2): it may block on the disk, and so x/sys tells the scheduler. Go
// ignores the SIGPIPE that no flag of this call keeps away.
func sysSendfile(to, from int, offset int64, n int, _ func() error) (int, error) {
	for {
		n, err := unix.Sendfile(to, from, &offset, n)
		if err != unix.EINTR {
			return max(n, 0), sysErrorOf(err)
		}
	}
}

// sysWritable says whether poll(2) finds fd writable, or broken. If it does not, there will be an
// edge.
func sysWritable(fd int) bool { return sysPoll(fd, unix.POLLOUT) != 0 }
