//go:build unix

package socktest

import "golang.org/x/sys/unix"

// Recv is recv(2) of a bare descriptor. Its errors are those of the system.
func Recv(fd int, p []byte, flags int) (int, error) {
	n, _, err := unix.Recvfrom(fd, p, flags)
	return n, err
}

// WouldBlock is the error of Recv if there is nothing to receive.
const WouldBlock = unix.EAGAIN
