//go:build linux

package families_test

import (
	"testing"
	"time"

	"github.com/polluxio/pollux/sock"
	"github.com/polluxio/pollux/sock/socktest"
)

func TestUDPLite(t *testing.T) {
	for _, lo := range loopbacks {
		t.Run(lo.name, func(t *testing.T) {
			everyWay(t, boundTo(lo.family, sock.SOCK_DGRAM, sock.IPPROTO_UDPLITE, lo.addr), datagrams(lo.level, lo.ask, lo.hopLimit))
		})
	}
}

// The checksum covers as much of a datagram as its sender says, header included, and a receiver can
// want more than that: udplite(7).
func TestUDPLiteCoverage(t *testing.T) {
	socktest.Check(t)
	for _, lo := range loopbacks {
		t.Run(lo.name, func(t *testing.T) {
			a, b := boundTo(lo.family, sock.SOCK_DGRAM, sock.IPPROTO_UDPLITE, lo.addr)(t)
			set := func(s *sock.Socket, name, value, want int) {
				t.Helper()
				must(t, s.Setsockopt(sock.IPPROTO_UDPLITE, name, value))
				got, err := s.Getsockopt(sock.IPPROTO_UDPLITE, name)
				must(t, err)
				if got != want {
					t.Errorf("coverage %d after it was set to %d, want %d", got, value, want)
				}
			}
			set(b, sock.UDPLITE_SEND_CSCOV, 3, 8) // the header is always covered
			set(b, sock.UDPLITE_SEND_CSCOV, 20, 20)
			set(a, sock.UDPLITE_RECV_CSCOV, 40, 40)

			send := func(text string) {
				t.Helper()
				_, err := b.Sendto([]byte(text), 0, itsName(a))
				must(t, err)
			}
			send("covered in part: the receiver does not want it, and the system drops it")
			set(b, sock.UDPLITE_SEND_CSCOV, 0, 0) // all of it
			send("covered as a whole")
			must(t, a.SetTimeout(socktest.Patience))
			if got, err := a.Recv(100, 0); err != nil || string(got) != "covered as a whole" {
				t.Errorf("got %q, %v", got, err)
			}

			set(b, sock.UDPLITE_SEND_CSCOV, 40, 40)
			send("covered as far as the receiver wants")
			if got, err := a.Recv(100, 0); err != nil || string(got) != "covered as far as the receiver wants" {
				t.Errorf("got %q, %v", got, err)
			}
			must(t, a.SetTimeout(10*time.Millisecond))
			if got, err := a.Recv(100, 0); err == nil {
				t.Errorf("got %q, want nothing more", got)
			}
		})
	}
}
