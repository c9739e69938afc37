package sock_test

import (
	"errors"
	"os"
	"testing"
	"time"

	"github.com/polluxio/pollux/sock"
	"github.com/polluxio/pollux/sock/socktest"
)

// udplite is a bound UDP-Lite socket.
func udplite(t *testing.T) *sock.Socket {
	t.Helper()
	s, err := sock.New(sock.AF_INET, sock.SOCK_DGRAM, sock.IPPROTO_UDPLITE)
	if err != nil {
		t.Skipf("no UDP-Lite: %v: run this on a kernel that has CONFIG_IP_UDPLITE", err)
	}
	socktest.Must(t, s.Bind(sock.Inet("127.0.0.1", 0)))
	return socktest.Closing(t, s)
}

func TestOptionsOfUDPLite(t *testing.T) { // items 30, 146
	socktest.Check(t)
	s := udplite(t)
	for _, option := range []int{sock.UDPLITE_SEND_CSCOV, sock.UDPLITE_RECV_CSCOV} {
		if got, err := s.Getsockopt(sock.IPPROTO_UDPLITE, option); got != 0 || err != nil {
			t.Errorf("option %d is %d at first, %v; want 0, which is all", option, got, err)
		}
		for _, test := range []struct{ set, want int }{{20, 20}, {1, 8}, {7, 8}, {-3, 8}, {65535, 65535}, {65536, 65535}, {0, 0}} {
			socktest.Must(t, s.Setsockopt(sock.IPPROTO_UDPLITE, option, test.set))
			if got, err := s.Getsockopt(sock.IPPROTO_UDPLITE, option); got != test.want || err != nil {
				t.Errorf("option %d, set to %d, is %d, %v; want %d", option, test.set, got, err, test.want)
			}
		}
	}
}

// What covers less than the receiver wants does not arrive; what covers as much does.
func TestUDPLiteCoverage(t *testing.T) { // item 146
	socktest.Check(t)
	from, to := udplite(t), udplite(t)
	socktest.Must(t, to.SetTimeout(socktest.Patience))
	at := socktest.Name(t, to)
	set := func(s *sock.Socket, option, coverage int) {
		t.Helper()
		socktest.Must(t, s.Setsockopt(sock.IPPROTO_UDPLITE, option, coverage))
	}
	set(to, sock.UDPLITE_RECV_CSCOV, 20)
	for _, test := range []struct {
		coverage int
		data     string
	}{{10, "covers too little"}, {20, "covers enough"}, {19, "one byte less"}, {0, "covers all"}} {
		set(from, sock.UDPLITE_SEND_CSCOV, test.coverage)
		_, err := from.Sendto([]byte(test.data), 0, at)
		socktest.Must(t, err)
	}
	for _, want := range []string{"covers enough", "covers all"} {
		socktest.Must(t, wantBytes(want)(to.Recv(100, 0)))
	}
	socktest.Must(t, to.SetTimeout(time.Millisecond))
	if p, err := to.Recv(100, 0); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("%q, %v came too", p, err)
	}
}
