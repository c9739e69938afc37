package echo_test

import (
	"net"
	"os"
	"testing"
	"time"

	"github.com/polluxio/pollux/internal/echo"
	"github.com/polluxio/pollux/sock"
	"github.com/polluxio/pollux/sock/socktest"
	"golang.org/x/sys/unix"
)

// vanish ends a connection without a segment: a socket in repair mode is closed with neither FIN
// nor RST (tcp_close in net/ipv4/tcp.c).
func vanish(t *testing.T, c net.Conn) {
	t.Helper()
	raw, err := c.(*net.TCPConn).SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	raw.Control(func(fd uintptr) { err = unix.SetsockoptInt(int(fd), unix.IPPROTO_TCP, unix.TCP_REPAIR, 1) })
	if err != nil {
		t.Skipf("TCP_REPAIR: %v: CAP_NET_ADMIN and a kernel with CONFIG_CHECKPOINT_RESTORE lift this skip", err)
	}
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
}

// Only its own connection waits for a vanished peer: others are served. A timeout ends the wait if
// it is set, and draining ends it in any case.
func TestPeersThatVanishDoSoAlone(t *testing.T) {
	serveOnce(t)
	for _, mode := range echo.Modes {
		for _, timeout := range []time.Duration{0, time.Second} {
			if timeout > 0 && mode == "callback" {
				continue // whose handler has no timeout
			}
			t.Run(mode+" timeout "+timeout.String(), func(t *testing.T) {
				before := openFiles(t)
				s, err := echo.Listen(echo.Config{Mode: mode, Addr: sock.Inet("127.0.0.1", 0), Timeout: timeout})
				if err != nil {
					t.Fatal(err)
				}
				listening := openFiles(t)
				a, err := s.Addr()
				if err != nil {
					t.Fatal(err)
				}
				for range 20 {
					c := dial(t, a.String())
					roundTrip(t, c, "it is there")
					vanish(t, c)
				}
				steady := dial(t, a.String())
				roundTrip(t, steady, "others are served")
				steady.Close()
				if timeout > 0 {
					socktest.Await(t, "the timeout ends those that vanished", func() bool { return openFiles(t) == listening })
				} else if got := openFiles(t); got < listening+20 {
					t.Errorf("%d descriptors are open, %d were without those that vanished: nothing said that they are gone", got, listening)
				}
				if err := s.Drain(patience); err != nil {
					t.Error(err)
				}
				socktest.Await(t, "draining leaves no descriptor", func() bool { return openFiles(t) <= before })
			})
		}
	}
}

// serveOnce makes the descriptors that a process makes at first need and keeps, such as those of
// Go's own poller. A test that counts descriptors calls it first.
func serveOnce(t *testing.T) {
	t.Helper()
	s, err := echo.Listen(echo.Config{Mode: echo.Modes[0], Addr: sock.Inet("127.0.0.1", 0)})
	if err != nil {
		t.Fatal(err)
	}
	a, err := s.Addr()
	if err != nil {
		t.Fatal(err)
	}
	c := dial(t, a.String())
	roundTrip(t, c, "once")
	c.Close()
	if err := s.Drain(patience); err != nil {
		t.Error(err)
	}
}

func openFiles(t *testing.T) int {
	t.Helper()
	files, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	return len(files)
}
