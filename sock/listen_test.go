package sock_test

import (
	"errors"
	"math"
	"net"
	"syscall"
	"testing"

	"github.com/polluxio/pollux/sock"
	"github.com/polluxio/pollux/sock/socktest"
)

// A socket may be on a loop before it listens: a kqueue must then be asked again.
func TestListenOnALoop(t *testing.T) {
	socktest.EachWaiter(t, func(t *testing.T, w *socktest.Waiter) {
		ln, addr := socktest.TCP.Bound(t)
		socktest.Must(t, ln.Join(nil))
		socktest.Must(t, ln.Listen(1))
		call := socktest.Start(func() error {
			c, _, err := w.On(ln).Accept()
			closeIf(c)
			return err
		})
		socktest.AwaitWaiting(t, ln)
		socktest.Must(t, socktest.TCP.New(t).Connect(addr))
		socktest.Must(t, call.Wait(t))
	})
}

func TestListenBacklog(t *testing.T) { // item 62
	socktest.Check(t)
	if sock.DefaultBacklog != min(sock.SOMAXCONN, 128) {
		t.Errorf("DefaultBacklog = %d", sock.DefaultBacklog)
	}
	for _, backlog := range []int{sock.DefaultBacklog, 1, 0, -1, math.MinInt32, math.MaxInt32} {
		s, addr := socktest.TCP.Bound(t)
		if err := s.Listen(backlog); err != nil {
			t.Errorf("Listen(%d): %v", backlog, err)
		}
		c := socktest.TCP.New(t)
		if err := c.Connect(addr); err != nil { // Linux lets one more connection wait than the backlog says
			t.Errorf("Listen(%d), and no connect succeeds: %v", backlog, err)
		}
	}
	if err := socktest.UDP.New(t).Listen(1); !errors.Is(err, syscall.EOPNOTSUPP) {
		t.Errorf("udp: %v", err)
	}
	closed := socktest.TCP.New(t)
	closed.Close()
	if err := closed.Listen(1); !errors.Is(err, net.ErrClosed) {
		t.Errorf("closed: %v", err)
	}
}
