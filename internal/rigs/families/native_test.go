//go:build linux

package families_test

import (
	"testing"

	"github.com/polluxio/pollux/sock"
	"github.com/polluxio/pollux/sock/socktest"
)

// What every kernel has, or most: these prove the frame too.

func TestUnix(t *testing.T) {
	for _, k := range []socktest.Kind{socktest.UnixStream, socktest.UnixDatagram, socktest.UnixSeqpacket} {
		t.Run(k.Name, func(t *testing.T) {
			everyWay(t, func(t *testing.T) (a, b *sock.Socket) { return k.Pair(t) }, exchange{
				Ready: func(t *testing.T, s *sock.Socket) { must(t, s.Setsockopt(sock.SOL_SOCKET, sock.SO_PASSCRED, 1)) },
				Ancillary: func(t *testing.T, items []sock.Control, _ int) {
					wantItem(t, items, sock.SOL_SOCKET, sock.SCM_CREDENTIALS)
				},
			})
		})
	}
}

// loopbacks are the addresses of both internet families that stay on this host.
var loopbacks = []struct {
	name       string
	family     sock.Family
	addr       sock.Addr
	level, ask int // the option that asks for the hop limit
	hopLimit   int // the ancillary data that brings it
}{
	{"IPv4", sock.AF_INET, sock.Inet("127.0.0.1", 0), sock.IPPROTO_IP, sock.IP_RECVTTL, sock.IP_TTL},
	{"IPv6", sock.AF_INET6, sock.Inet6("::1", 0), sock.IPPROTO_IPV6, sock.IPV6_RECVHOPLIMIT, sock.IPV6_HOPLIMIT},
}

// datagrams is the exchange of datagrams between bound sockets, with their hop limit.
func datagrams(level, ask, hopLimit int) exchange {
	return exchange{
		To: itsName, Sender: fromItsName,
		Ready: func(t *testing.T, s *sock.Socket) { must(t, s.Setsockopt(level, ask, 1)) },
		Ancillary: func(t *testing.T, items []sock.Control, _ int) {
			if c := wantItem(t, items, level, hopLimit); len(c.Ints()) != 1 || c.Ints()[0] != 64 {
				t.Errorf("hop limit %v, want 64", c.Ints())
			}
		},
	}
}

func TestUDP(t *testing.T) {
	for _, lo := range loopbacks {
		t.Run(lo.name, func(t *testing.T) {
			everyWay(t, boundTo(lo.family, sock.SOCK_DGRAM, 0, lo.addr), datagrams(lo.level, lo.ask, lo.hopLimit))
		})
	}
}

func TestTCP(t *testing.T) {
	for _, lo := range loopbacks {
		t.Run(lo.name, func(t *testing.T) {
			everyWay(t, connectedTo(lo.family, sock.SOCK_STREAM, 0, lo.addr), exchange{
				Ready:     func(t *testing.T, s *sock.Socket) { must(t, s.Setsockopt(sock.IPPROTO_TCP, sock.TCP_INQ, 1)) },
				Ancillary: hasNothingLeft,
			})
		})
	}
}

// hasNothingLeft checks what TCP_INQ (Linux 4.18) brings beside the data: how many bytes are left
// to read, here none. The item has the option's number: TCP_CM_INQ of <linux/tcp.h>.
func hasNothingLeft(t *testing.T, items []sock.Control, _ int) {
	t.Helper()
	if c := wantItem(t, items, sock.IPPROTO_TCP, sock.TCP_INQ); len(c.Ints()) != 1 || c.Ints()[0] != 0 {
		t.Errorf("%v bytes are left, want none", c.Ints())
	}
}

// Two hosts and the wire between them.
func TestUDPBetweenHosts(t *testing.T) {
	near, far := twoHosts(t)
	for _, family := range []sock.Family{sock.AF_INET, sock.AF_INET6} {
		t.Run(map[sock.Family]string{sock.AF_INET: "IPv4", sock.AF_INET6: "IPv6"}[family], func(t *testing.T) {
			everyWay(t, func(t *testing.T) (a, b *sock.Socket) {
				bound := func(h *host) (s *sock.Socket) {
					addr := sock.Inet(h.ip4.String(), 0)
					if family == sock.AF_INET6 {
						addr = sock.Inet6(h.ip6.String(), 0)
					}
					h.do(t, func() {
						s = need(t, family, sock.SOCK_DGRAM, 0)
						must(t, s.Bind(addr))
					})
					return s
				}
				return bound(near), bound(far)
			}, exchange{To: itsName, Sender: fromItsName})
		})
	}
}

func TestProgram(t *testing.T) {
	socktest.Check(t)
	cat := start(t, "cat")
	cat.Input("one\ntwo\n")
	if got := cat.Expect("e\n"); got != "one\n" {
		t.Errorf("got %q", got)
	}
	cat.Expect("two\n")
	cat.CloseInput()
	if got := cat.End(0); got != "one\ntwo\n" {
		t.Errorf("it wrote %q", got)
	}
	start(t, "false").End(1)
	start(t, "sleep", "1000") // ended with the test
	if got := output(t, "text", "cat", "-", scratch(t, []byte(" of a file"))); got != "text of a file" {
		t.Errorf("cat wrote %q", got)
	}
}
