//go:build unix

package loop

import (
	"testing"

	"golang.org/x/sys/unix"
)

// The descriptors of the tests that run on real ones.

// sockets is two connected stream sockets, non-blocking.
func sockets(t testing.TB) (a, b int) {
	t.Helper()
	fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM, 0)
	if err != nil {
		t.Fatalf("socketpair: %v", err)
	}
	for _, fd := range fds {
		unix.CloseOnExec(fd)
		if err := unix.SetNonblock(fd, true); err != nil {
			t.Fatal(err)
		}
	}
	return fds[0], fds[1]
}

func closeSocket(fd int) { unix.Close(fd) }

func recvBytes(fd int, p []byte, peek bool) (int, error) {
	flags := 0
	if peek {
		flags = unix.MSG_PEEK
	}
	n, _, err := unix.Recvfrom(fd, p, flags)
	return n, orAgain(err)
}

func sendBytes(fd int, p []byte) (int, error) {
	n, err := unix.Write(fd, p)
	return n, orAgain(err)
}

func orAgain(err error) error {
	if err == unix.EAGAIN || err == unix.EINTR {
		return ErrAgain
	}
	return err
}

// isBroken says whether err is that the peer is gone.
func isBroken(err error) bool { return err == unix.EPIPE || err == unix.ECONNRESET }

// A canary says whether a descriptor is open, and whether it is still the same one.
type canary struct {
	fd  int
	ino uint64
}

func watchOver(t *testing.T, fd int) canary {
	t.Helper()
	var st unix.Stat_t
	if err := unix.Fstat(fd, &st); err != nil {
		t.Fatalf("fstat: %v", err)
	}
	return canary{fd, uint64(st.Ino)}
}

func (c canary) alive() bool {
	var st unix.Stat_t
	return unix.Fstat(c.fd, &st) == nil && uint64(st.Ino) == c.ino
}

// openDescriptors is how many the process has.
func openDescriptors(t *testing.T) (n int) {
	t.Helper()
	for fd := range min(mostDescriptors(t), 1<<16) {
		if _, err := unix.FcntlInt(uintptr(fd), unix.F_GETFD, 0); err == nil {
			n++
		}
	}
	return n
}

// mostDescriptors is how many it may have.
func mostDescriptors(t *testing.T) int {
	t.Helper()
	var limit unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &limit); err != nil {
		t.Fatal(err)
	}
	return int(min(uint64(limit.Cur), 1<<30))
}
