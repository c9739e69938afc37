package sock_test

import (
	"errors"
	"os"
	"syscall"
	"testing"
	"time"

	"github.com/polluxio/pollux/sock"
	"github.com/polluxio/pollux/sock/socktest"
)

// The kernel returns the checksum coverage of UDP-Lite, and drops datagrams by it.
func TestUDPLiteCoverage(t *testing.T) { // item 146
	for _, lo := range []struct {
		name string
		addr sock.Addr
		kind socktest.Kind
	}{{"IPv4", sock.Inet("127.0.0.1", 0), socktest.UDP}, {"IPv6", sock.Inet6("::1", 0), socktest.UDP6}} {
		t.Run(lo.name, func(t *testing.T) {
			socktest.Check(t)
			lite := func() *sock.Socket {
				s, err := sock.New(lo.kind.Family, sock.SOCK_DGRAM, sock.IPPROTO_UDPLITE)
				if errors.Is(err, errors.ErrUnsupported) {
					t.Skipf("%v: run this on an older kernel", err)
				}
				socktest.Must(t, err)
				socktest.Must(t, s.Bind(lo.addr))
				return socktest.Closing(t, s)
			}
			a, b := lite(), lite()
			for _, option := range []int{sock.UDPLITE_SEND_CSCOV, sock.UDPLITE_RECV_CSCOV} {
				for _, test := range []struct{ set, want int }{
					{0, 0}, {1, 8}, {7, 8}, {8, 8}, {9, 9}, {20, 20}, {-1, 8}, {65535, 65535}, {65536, 65535}, {1 << 30, 65535}, {0, 0},
				} {
					socktest.Must(t, a.Setsockopt(sock.IPPROTO_UDPLITE, option, test.set))
					if got, err := a.Getsockopt(sock.IPPROTO_UDPLITE, option); err != nil || got != test.want {
						t.Errorf("option %d: %d reads back as %d, %v, want %d", option, test.set, got, err, test.want)
					}
				}
			}

			// A datagram with less coverage than the receiver wants is dropped silently.
			to := socktest.Name(t, b)
			socktest.Must(t, b.Setsockopt(sock.IPPROTO_UDPLITE, sock.UDPLITE_RECV_CSCOV, 20))
			socktest.Must(t, a.Setsockopt(sock.IPPROTO_UDPLITE, sock.UDPLITE_SEND_CSCOV, 10))
			_, err := a.Sendto([]byte("covered too little of"), 0, to)
			socktest.Must(t, err)
			socktest.Must(t, b.SetTimeout(20*time.Millisecond))
			if data, err := b.Recv(100, 0); !errors.Is(err, os.ErrDeadlineExceeded) {
				t.Errorf("%q, %v", data, err)
			}
			socktest.Must(t, b.SetTimeout(socktest.Patience))
			for _, coverage := range []int{20, 25, 0} { // 0 is all of it
				socktest.Must(t, a.Setsockopt(sock.IPPROTO_UDPLITE, sock.UDPLITE_SEND_CSCOV, coverage))
				_, err := a.Sendto([]byte("covered enough of it"), 0, to)
				socktest.Must(t, err)
				if data, err := b.Recv(100, 0); string(data) != "covered enough of it" || err != nil {
					t.Errorf("coverage %d: %q, %v", coverage, data, err)
				}
			}
		})
	}
}

// UDP-Lite counts how many bytes of a datagram its checksum covers: item 146.
func TestOptionsOfUDPLite(t *testing.T) {
	socktest.Check(t)
	made := func() *sock.Socket {
		s, err := sock.New(sock.AF_INET, sock.SOCK_DGRAM, sock.IPPROTO_UDPLITE)
		if errors.Is(err, syscall.EPROTONOSUPPORT) {
			t.Skip("run this on a kernel with UDP-Lite:", err)
		}
		socktest.Must(t, err)
		return socktest.Closing(t, s)
	}
	a, b := made(), made()
	for _, option := range []int{sock.UDPLITE_SEND_CSCOV, sock.UDPLITE_RECV_CSCOV} {
		for set, want := range map[int]int{0: 0, 1: 8, 7: 8, -1: 8, 8: 8, 20: 20, 65535: 65535, 70000: 65535} {
			socktest.Must(t, a.Setsockopt(sock.IPPROTO_UDPLITE, option, set))
			if got, err := a.Getsockopt(sock.IPPROTO_UDPLITE, option); got != want || err != nil {
				t.Errorf("%d: %d became %d, %v; want %d", option, set, got, err, want)
			}
		}
		socktest.Must(t, a.Setsockopt(sock.IPPROTO_UDPLITE, option, 0))
	}
	// A datagram with less coverage than the receiver wants is dropped.
	socktest.Must(t, a.Bind(sock.Inet("127.0.0.1", 0)))
	socktest.Must(t, a.SetTimeout(socktest.Patience))
	socktest.Must(t, a.Setsockopt(sock.IPPROTO_UDPLITE, sock.UDPLITE_RECV_CSCOV, 12))
	for _, tt := range []struct {
		cover int
		text  string
	}{{8, "hidden"}, {12, "covered"}, {0, "all"}} {
		socktest.Must(t, b.Setsockopt(sock.IPPROTO_UDPLITE, sock.UDPLITE_SEND_CSCOV, tt.cover))
		socktest.Must(t, wantN(len(tt.text))(b.Sendto([]byte(tt.text), 0, socktest.Name(t, a))))
	}
	for _, want := range []string{"covered", "all"} {
		socktest.Must(t, wantBytes(want)(a.Recv(10, 0)))
	}
}
