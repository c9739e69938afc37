package protocol_test

import (
	"strings"
	"syscall"
	"testing"

	"github.com/polluxio/pollux/sock"
	"github.com/polluxio/pollux/sock/socktest"
)

// When descriptors have run out, a newcomer is refused and does not hang; when there are some
// again, it is served.
func TestDescriptorsRunOut(t *testing.T) {
	socktest.Check(t)
	cfg := each(echo{})
	cfg.Logger = quiet().Logger
	cfg.Loop = quiet()
	s, at := serve(t, cfg)
	warm := dial(t, at)
	warm.Write([]byte("x"))
	want(t, warm, "x")

	// The peer's descriptor is made before the limit comes down; it connects afterwards.
	peer, err := sock.New(sock.AF_INET, sock.SOCK_STREAM, 0)
	socktest.Must(t, err)
	defer peer.Close()
	peer.SetTimeout(socktest.Patience)
	var hoard []int
	defer func() {
		for _, fd := range hoard {
			syscall.Close(fd)
		}
	}()
	var limit, low syscall.Rlimit
	socktest.Must(t, syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit))
	low = limit
	low.Cur = 256
	socktest.Must(t, syscall.Setrlimit(syscall.RLIMIT_NOFILE, &low))
	defer syscall.Setrlimit(syscall.RLIMIT_NOFILE, &limit)
	for {
		fd, err := syscall.Dup(0)
		if err != nil {
			break
		}
		hoard = append(hoard, fd)
	}
	socktest.Must(t, peer.Connect(s.Addrs()[0]))
	if b, err := peer.Recv(1, 0); err == nil && len(b) > 0 {
		t.Errorf("it is served: %q", b)
	} else if err != nil && !strings.Contains(err.Error(), "reset") {
		t.Errorf("the newcomer hangs: %v", err)
	}
	socktest.Await(t, "the count", func() bool { return s.Stats().Refused >= 1 })
	for _, fd := range hoard {
		syscall.Close(fd)
	}
	hoard = nil
	warm.Write([]byte("y"))
	want(t, warm, "y")
	c := dial(t, at) // it is accepted at the next attempt, after a back-off of up to a second
	c.Write([]byte("z"))
	want(t, c, "z")
}
