package netlink_test

import (
	"errors"
	"testing"
	"time"

	"github.com/polluxio/pollux/sock/netlink"
	"github.com/polluxio/pollux/sock/socktest"
	"golang.org/x/sys/unix"
)

// An answer that was lost ends Do, also if no ENOBUFS tells of it: the kernel reports an overflow
// once, and not at all with NETLINK_NO_ENOBUFS.
func TestLostAnswer(t *testing.T) {
	socktest.Check(t)
	for _, silent := range []bool{false, true} {
		s := netlinkSocket(t)
		socktest.Must(t, s.SetTimeout(socktest.Patience))
		overrun(t, s)
		if silent {
			socktest.Must(t, s.Setsockopt(netlink.SOL_NETLINK, unix.NETLINK_NO_ENOBUFS, 1))
		}
		if _, err := s.Recv(1, 0); !silent && !errors.Is(err, unix.ENOBUFS) {
			t.Fatalf("ENOBUFS does not come first: %v", err)
		}
		began := time.Now()
		if _, err := oneLink(s, 1); !errors.Is(err, netlink.ErrOverrun) {
			t.Errorf("silent %v: %v after %v, want ErrOverrun", silent, err, time.Since(began))
		}
		if link, err := oneLink(s, 1); err != nil || link.Name != "lo" {
			t.Errorf("silent %v: afterwards %+v, %v", silent, link, err)
		}
	}
}
