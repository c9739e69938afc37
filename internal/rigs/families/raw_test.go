//go:build linux

package families_test

import (
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"os"
	"slices"
	"testing"
	"time"

	"github.com/polluxio/pollux/sock"
	"github.com/polluxio/pollux/sock/socktest"
)

// testProtocol is the first of the two for experiments: RFC 3692.
const testProtocol = 253

// checksum is the internet's, of all the parts together: RFC 1071. All but the last have an even
// length.
func checksum(parts ...[]byte) uint16 {
	var sum uint32
	for _, p := range parts {
		for ; len(p) > 1; p = p[2:] {
			sum += uint32(binary.BigEndian.Uint16(p))
		}
		if len(p) == 1 {
			sum += uint32(p[0]) << 8
		}
	}
	for sum > 0xffff {
		sum = sum>>16 + sum&0xffff
	}
	return ^uint16(sum)
}

// rawBetween makes pairs of raw sockets on two hosts.
func rawBetween(near, far *host, family sock.Family, proto sock.Protocol) func(t *testing.T) (a, b *sock.Socket) {
	bound := func(t *testing.T, h *host) (s *sock.Socket) {
		h.do(t, func() { s = need(t, family, sock.SOCK_RAW, proto) })
		addr := sock.Inet(h.ip4.String(), 0)
		if family == sock.AF_INET6 {
			addr = sock.Inet6(h.ip6.String(), 0)
		}
		must(t, s.Bind(addr))
		return s
	}
	return func(t *testing.T) (a, b *sock.Socket) { return bound(t, near), bound(t, far) }
}

// What is sent over raw IPv6 is received without its header.
func TestRawIPv6(t *testing.T) {
	near, far := twoHosts(t)
	everyWay(t, rawBetween(near, far, sock.AF_INET6, testProtocol), exchange{
		To: itsName,
		Sender: func(t *testing.T, s *sock.Socket, from sock.Addr) { // in place of a port there is the protocol
			if from.AddrPort().Addr().String() != far.ip6.String() {
				t.Errorf("from %v", from)
			}
		},
		Ready: func(t *testing.T, s *sock.Socket) {
			must(t, s.Setsockopt(sock.IPPROTO_IPV6, sock.IPV6_RECVHOPLIMIT, 1))
		},
		Ancillary: func(t *testing.T, items []sock.Control, _ int) {
			if c := wantItem(t, items, sock.IPPROTO_IPV6, sock.IPV6_HOPLIMIT); len(c.Ints()) != 1 || c.Ints()[0] != 64 {
				t.Errorf("hop limit %v, want 64", c.Ints())
			}
		},
	})
}

// Over raw IPv4 the header is received too; with IP_HDRINCL it is also sent, and arrives as it was.
func TestRawIPv4WithHeader(t *testing.T) {
	near, far := twoHosts(t)
	header := func(payload string) []byte {
		b := make([]byte, 20, 20+len(payload))
		b[0], b[8], b[9] = 0x45, 63, testProtocol // version and length; time to live; protocol
		binary.BigEndian.PutUint16(b[2:], uint16(20+len(payload)))
		binary.BigEndian.PutUint16(b[4:], 0x4242) // an identifier of 0 would be filled in
		copy(b[12:], far.ip4.To4())
		copy(b[16:], near.ip4.To4())
		binary.BigEndian.PutUint16(b[10:], checksum(b))
		return append(b, payload...)
	}
	pair := rawBetween(near, far, sock.AF_INET, testProtocol)
	everyWay(t, func(t *testing.T) (a, b *sock.Socket) {
		a, b = pair(t)
		must(t, b.Setsockopt(sock.IPPROTO_IP, sock.IP_HDRINCL, 1))
		return a, b
	}, exchange{
		OneWay:  true, // the header has the destination
		Message: func(i int) []byte { return header(fmt.Sprintf("packet %d", i)) },
		To:      itsName,
		Sender: func(t *testing.T, _ *sock.Socket, from sock.Addr) {
			if from != sock.Inet(far.ip4.String(), 0) {
				t.Errorf("from %v", from)
			}
		},
		Ready: func(t *testing.T, s *sock.Socket) { must(t, s.Setsockopt(sock.IPPROTO_IP, sock.IP_RECVTTL, 1)) },
		Ancillary: func(t *testing.T, items []sock.Control, _ int) {
			if c := wantItem(t, items, sock.IPPROTO_IP, sock.IP_TTL); len(c.Ints()) != 1 || c.Ints()[0] != 63 {
				t.Errorf("time to live %v, want 63", c.Ints())
			}
		},
	})
}

// echo is a message of ICMP or ICMPv6.
func echo(typ byte, id, seq uint16, payload string, pseudo []byte) []byte {
	b := []byte{typ, 0, 0, 0}
	b = binary.BigEndian.AppendUint16(b, id)
	b = binary.BigEndian.AppendUint16(b, seq)
	b = append(b, payload...)
	if pseudo != nil {
		binary.BigEndian.PutUint32(pseudo[32:], uint32(len(b)))
	}
	binary.BigEndian.PutUint16(b[2:], checksum(pseudo, b))
	return b
}

// pseudoHeader is what the checksum of ICMPv6 is over besides: RFC 4443, section 2.3; its length is
// filled in by echo.
func pseudoHeader(from, to net.IP) []byte {
	b := append(append([]byte(nil), from.To16()...), to.To16()...)
	return append(b, 0, 0, 0, 0, 0, 0, 0, 58)
}

var pings = []struct {
	name           string
	family         sock.Family
	proto          sock.Protocol
	request, reply byte
	address        sock.Addr
	pseudo         []byte
	level          int
	want, got      int
}{
	{"IPv4", sock.AF_INET, sock.IPPROTO_ICMP, 8, 0, sock.Inet("127.0.0.1", 0), nil, sock.IPPROTO_IP, sock.IP_RECVTTL, sock.IP_TTL},
	{"IPv6", sock.AF_INET6, sock.IPPROTO_ICMPV6, 128, 129, sock.Inet6("::1", 0), pseudoHeader(net.IPv6loopback, net.IPv6loopback),
		sock.IPPROTO_IPV6, sock.IPV6_RECVHOPLIMIT, sock.IPV6_HOPLIMIT},
}

// A ping socket sends echo requests without a right, and gets the answers to its own, in each way
// to wait.
func TestPing(t *testing.T) {
	for _, p := range pings {
		t.Run(p.name, func(t *testing.T) {
			ns := newNamespace(t)
			const everyone = "/proc/sys/net/ipv4/ping_group_range"
			ns.do(t, func() { must(t, os.WriteFile(everyone, []byte("0 2147483647\n"), 0)) })
			var id uint16
			everyWay(t, func(t *testing.T) (a, b *sock.Socket) {
				ns.do(t, func() { a = need(t, p.family, sock.SOCK_DGRAM, p.proto) })
				must(t, a.Bind(p.address))
				id = uint16(socktest.Name(t, a).Port()) // its identifier
				return a, a
			}, exchange{
				OneWay:  true,
				Message: func(i int) []byte { return echo(p.request, 0, uint16(i), fmt.Sprintf("ping %d", i), p.pseudo) },
				Arrives: func(sent []byte) []byte {
					return echo(p.reply, id, binary.BigEndian.Uint16(sent[6:]), string(sent[8:]), p.pseudo)
				},
				To: func(*sock.Socket) sock.Addr { return p.address },
				Sender: func(t *testing.T, _ *sock.Socket, from sock.Addr) {
					if from.AddrPort().Addr() != p.address.AddrPort().Addr() {
						t.Errorf("from %v", from)
					}
				},
				Ready: func(t *testing.T, s *sock.Socket) { must(t, s.Setsockopt(p.level, p.want, 1)) },
				Ancillary: func(t *testing.T, items []sock.Control, _ int) {
					if c := wantItem(t, items, p.level, p.got); len(c.Ints()) != 1 || c.Ints()[0] != 64 {
						t.Errorf("hop limit %v, want 64", c.Ints())
					}
				},
			})
		})
	}
}

// A raw ICMP socket sees requests and answers; a filter takes the requests away.
func TestRawICMP(t *testing.T) {
	for _, p := range pings {
		t.Run(p.name, func(t *testing.T) {
			socktest.Check(t)
			ns := newNamespace(t)
			var all, filtered *sock.Socket
			ns.do(t, func() {
				all, filtered = need(t, p.family, sock.SOCK_RAW, p.proto), need(t, p.family, sock.SOCK_RAW, p.proto)
			})
			if p.family == sock.AF_INET6 {
				f := sock.ICMP6BlockAll()
				f.Pass(p.reply)
				must(t, filtered.SetICMP6Filter(f))
				if got, err := filtered.ICMP6Filter(); err != nil || got != f {
					t.Errorf("the filter reads back as %v, %v", got, err)
				}
			} else {
				must(t, filtered.SetICMPFilter(1<<p.request))
			}
			_, err := all.Sendto(echo(p.request, 0x4242, 1, "raw", p.pseudo), 0, p.address)
			must(t, err)
			types := func(s *sock.Socket, n int) (types []byte) {
				must(t, s.SetTimeout(socktest.Patience))
				for range n {
					b, err := s.Recv(1500, 0)
					must(t, err)
					if p.family == sock.AF_INET {
						b = b[b[0]&15*4:] // without the header of IP
					}
					if string(b[8:]) != "raw" || binary.BigEndian.Uint16(b[4:]) != 0x4242 {
						t.Errorf("%x", b)
					}
					types = append(types, b[0])
				}
				must(t, s.SetTimeout(20*time.Millisecond))
				if b, err := s.Recv(1500, 0); !errors.Is(err, os.ErrDeadlineExceeded) {
					t.Errorf("%x, %v", b, err)
				}
				return types
			}
			if got := types(all, 2); !slices.Equal(got, []byte{p.request, p.reply}) {
				t.Errorf("types %v", got)
			}
			if got := types(filtered, 1); !slices.Equal(got, []byte{p.reply}) {
				t.Errorf("types %v pass the filter", got)
			}
		})
	}
}
