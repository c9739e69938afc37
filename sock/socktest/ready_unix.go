//go:build unix

package socktest

import (
	"testing"
	"time"

	"github.com/polluxio/pollux/sock"
	"golang.org/x/sys/unix"
)

// AwaitReadable waits until poll(2) reports that s is ready for receiving or accepting. It does not
// put the socket on a loop.
func AwaitReadable(t testing.TB, s *sock.Socket) { awaitReady(t, s, unix.POLLIN, "readable") }

// AwaitWritable is AwaitReadable for sending and connecting.
func AwaitWritable(t testing.TB, s *sock.Socket) { awaitReady(t, s, unix.POLLOUT, "writable") }

func awaitReady(t testing.TB, s *sock.Socket, want int16, what string) {
	t.Helper()
	fds := []unix.PollFd{{Fd: int32(s.Fileno()), Events: want}}
	for deadline := time.Now().Add(Patience); ; {
		n, err := unix.Poll(fds, int(time.Until(deadline)/time.Millisecond))
		switch {
		case err == unix.EINTR:
		case err != nil:
			t.Fatal("poll:", err)
		case n == 0:
			t.Fatalf("%v is not %s within %v", s, what, Patience)
		default:
			return
		}
	}
}
