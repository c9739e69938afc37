//go:build linux

package pollux_test

import (
	"testing"

	"github.com/polluxio/pollux"
	"golang.org/x/sys/unix"
)

// mine is the token of the descriptor under test.
var mine = pollux.MakeToken(7, 3)

func add(t *testing.T, p *poller, fd int, token pollux.Token) {
	t.Helper()
	if err := p.Add(fd, token); err != nil {
		t.Fatal(err)
	}
}

// pair returns two connected stream sockets, which are closed with the test.
func pair(t *testing.T) (a, b int) {
	t.Helper()
	fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM, 0)
	if err != nil {
		t.Fatalf("socketpair: %v", err)
	}
	for _, fd := range fds {
		t.Cleanup(func() { unix.Close(fd) }) // EBADF if the test has closed it
		prepare(t, fd)
	}
	return fds[0], fds[1]
}

func prepare(t *testing.T, fd int) {
	t.Helper()
	unix.CloseOnExec(fd)
	if err := unix.SetNonblock(fd, true); err != nil {
		t.Fatal(err)
	}
}
