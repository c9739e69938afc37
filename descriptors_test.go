//go:build unix

package pollux_test

import (
	"errors"
	"testing"
	"time"

	"github.com/polluxio/pollux"
	"golang.org/x/sys/unix"
)

// The descriptors that the tests of the poller watch: bare, non-blocking, and no business of Go's
// own poller.

// pair is two connected stream sockets, closed with the test.
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

// stream is a TCP socket, not connected.
func stream(t *testing.T) int {
	t.Helper()
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM, 0)
	if err != nil {
		t.Fatalf("socket: %v", err)
	}
	t.Cleanup(func() { unix.Close(fd) })
	prepare(t, fd)
	return fd
}

// listener listens on the loopback.
func listener(t *testing.T) (fd int, at unix.Sockaddr) {
	t.Helper()
	fd = stream(t)
	if err := unix.Bind(fd, &unix.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}); err != nil {
		t.Fatalf("bind: %v", err)
	}
	if err := unix.Listen(fd, 1); err != nil {
		t.Fatalf("listen: %v", err)
	}
	at, err := unix.Getsockname(fd)
	if err != nil {
		t.Fatalf("getsockname: %v", err)
	}
	return fd, at
}

func write(t *testing.T, fd int, p string) {
	t.Helper()
	if n, err := unix.Write(fd, []byte(p)); n != len(p) || err != nil {
		t.Fatalf("write: %d, %v", n, err)
	}
}

// read empties fd and returns how many bytes there were.
func read(t *testing.T, fd int) (total int) {
	t.Helper()
	var buf [4096]byte
	for {
		n, err := unix.Read(fd, buf[:])
		if errors.Is(err, unix.EAGAIN) || n == 0 && err == nil {
			return total
		}
		if err != nil {
			t.Fatalf("read: %v", err)
		}
		total += n
	}
}

// fill writes until the system takes no more, and returns how many bytes went.
func fill(t *testing.T, fd int) (total int) {
	t.Helper()
	var buf [4096]byte
	for {
		n, err := unix.Write(fd, buf[:])
		if errors.Is(err, unix.EAGAIN) {
			return total
		}
		if err != nil {
			t.Fatalf("write: %v", err)
		}
		total += n
	}
}

// look is a Wait of zero: the events of this moment, by token.
func look(t *testing.T, p *poller) map[pollux.Token]pollux.Ready {
	t.Helper()
	told := make(map[pollux.Token]pollux.Ready)
	events := make([]pollux.Event, 64)
	for {
		n, err := p.Wait(events, 0)
		if err != nil {
			t.Fatal(err)
		}
		for _, ev := range events[:n] {
			told[ev.Token] |= ev.Ready
		}
		if n == 0 {
			return told
		}
	}
}

// await waits until all of want was reported for token, and returns what was. On a one-shot poller
// it asks for that first, as a user does before each wait.
func await(t *testing.T, p *poller, token pollux.Token, want pollux.Ready) pollux.Ready {
	t.Helper()
	told := pollux.Ready(0)
	p.arm(t, token, want)
	events := make([]pollux.Event, 64)
	for deadline := time.Now().Add(patience); ; {
		n, err := p.Wait(events, max(time.Until(deadline), 0))
		if err != nil {
			t.Fatal(err)
		}
		for _, ev := range events[:n] {
			if ev.Token == token {
				told |= ev.Ready
			}
		}
		if told&want == want {
			return told
		}
		if time.Now().After(deadline) {
			t.Fatalf("token %#x: told %v, want %v", token, told, want)
		}
	}
}
