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
