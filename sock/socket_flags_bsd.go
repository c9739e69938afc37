//go:build freebsd || netbsd || openbsd || dragonfly

package sock

import "golang.org/x/sys/unix"

func sysSocket(family, typ, proto int) (int, error) {
	fd, err := unix.Socket(family, typ|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, proto)
	return fd, sysErrorOf(err)
}

func sysSocketpair(family, typ, proto int) ([2]int, error) {
	fds, err := unix.Socketpair(family, typ|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, proto)
	return fds, sysErrorOf(err)
}

// sendFlags returns flags, with the one added that keeps a send from raising SIGPIPE.
func (s *core) sendFlags(flags int) int { return flags | unix.MSG_NOSIGNAL }
