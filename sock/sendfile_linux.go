package sock

import (
	"unsafe"

	"golang.org/x/sys/unix"
)

// sysSendfile wraps sendfile(2): it may block on the disk, and so x/sys tells the scheduler. Go ignores the SIGPIPE that no flag of this
// call keeps away.
func sysSendfile(to, from int, offset int64, n int) (int, error) {
	for {
		n, err := unix.Sendfile(to, from, &offset, n)
		if err != unix.EINTR {
			return max(n, 0), sysErrorOf(err)
		}
	}
}

// sysWritable says whether poll(2) finds fd writable, or broken. If it does not, there will be an edge.
func sysWritable(fd int) bool {
	p := unix.PollFd{Fd: int32(fd), Events: unix.POLLOUT}
	var none unix.Timespec
	for {
		// Not every architecture has poll(2).
		n, _, errno := unix.RawSyscall6(unix.SYS_PPOLL, uintptr(unsafe.Pointer(&p)), 1, uintptr(unsafe.Pointer(&none)), 0, 0, 0)
		if errno != unix.EINTR {
			return n > 0 || errno != 0 // whoever tries it will see
		}
	}
}
