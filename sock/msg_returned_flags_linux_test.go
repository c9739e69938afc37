package sock_test

import (
	"testing"

	"github.com/polluxio/pollux/sock"
	"github.com/polluxio/pollux/sock/socktest"
	"golang.org/x/sys/unix"
)

// The flags that come out are the kernel's and the caller's: MSG_CMSG_CLOEXEC, which is always
// given to the kernel, comes out only for a caller that gave it. The descriptors are close-on-exec
// anyway.
func TestReturnedFlagsAreTheCallers(t *testing.T) {
	socktest.Check(t)
	a, b := socktest.UnixStream.Pair(t)
	socktest.Must(t, a.SetTimeout(socktest.Patience))
	receives := map[string]func(flags int) (fds []int, got int, err error){
		"RecvFds": func(flags int) ([]int, int, error) {
			_, fds, got, _, err := a.RecvFds(1, 2, flags)
			return fds, got, err
		},
		"Recvmsg": func(flags int) (fds []int, got int, err error) {
			_, items, got, _, err := a.Recvmsg(1, 64, flags)
			for _, c := range items {
				fds = c.AppendRights(fds)
			}
			return fds, got, err
		},
	}
	for name, receive := range receives {
		for _, flags := range []int{0, sock.MSG_CMSG_CLOEXEC} {
			_, err := b.SendFds([][]byte{{'x'}}, []int{b.Fileno()}, 0)
			socktest.Must(t, err)
			fds, got, err := receive(flags)
			socktest.Must(t, err)
			if got != flags {
				t.Errorf("%s with flags %#x returns %#x", name, flags, got)
			}
			for _, fd := range fds {
				set, err := unix.FcntlInt(uintptr(fd), unix.F_GETFD, 0)
				if closes := name == "RecvFds" || flags != 0; err != nil || (set&unix.FD_CLOEXEC != 0) != closes {
					t.Errorf("%s with flags %#x: descriptor flags %#x, %v", name, flags, set, err)
				}
				socktest.Must(t, sock.Close(fd))
			}
			if len(fds) != 1 {
				t.Errorf("%s: %d descriptors", name, len(fds))
			}
		}
	}
}

// The limit of CMSG_SPACE is Python's: INT_MAX less CMSG_SPACE(1).
func TestCMSGSpaceLimit(t *testing.T) {
	one, err := sock.CMSG_SPACE(1)
	socktest.Must(t, err)
	limit := 1<<31 - 1 - one
	for n, want := range map[int]bool{limit: true, limit + 1: false, limit + 2: false} {
		if _, err := sock.CMSG_SPACE(n); (err == nil) != want {
			t.Errorf("CMSG_SPACE(%d): %v", n, err)
		}
	}
}
