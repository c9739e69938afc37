package sock_test

import (
	"errors"
	"fmt"
	"net/netip"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"syscall"
	"testing"
	"time"

	"github.com/polluxio/pollux/families"
	"github.com/polluxio/pollux/sock"
	"github.com/polluxio/pollux/sock/socktest"
	"golang.org/x/sys/unix"
)

// A network is a place to test groups: an interface, and two addresses on it for senders.
type network struct {
	socktest.Kind
	ifindex      int
	group, other netip.Addr
	from         [2]netip.Addr
}

// eachNetwork runs fn on the loopback interface, and for IPv6 on a link too. Both are in network
// namespaces of the test, because the loopback interface has no route for IPv6 groups.
func eachNetwork(t *testing.T, fn func(*testing.T, network)) {
	t.Run("inet", func(t *testing.T) {
		socktest.Check(t)
		fn(t, network{socktest.UDP, loopbackIndex(t), netip.MustParseAddr("239.1.2.3"), netip.MustParseAddr("239.1.2.4"),
			[2]netip.Addr{netip.MustParseAddr("127.0.0.8"), netip.MustParseAddr("127.0.0.9")}})
	})
	t.Run("inet6 loopback", func(t *testing.T) {
		socktest.Check(t)
		enterOwnNetwork(t, "ip link set lo up; ip addr add fd00::8/128 dev lo nodad; ip addr add fd00::9/128 dev lo nodad; "+
			"ip -6 route add local ff00::/8 dev lo")
		fn(t, network{socktest.UDP6, loopbackIndex(t), netip.MustParseAddr("ff02::1:3"), netip.MustParseAddr("ff02::1:4"),
			[2]netip.Addr{netip.MustParseAddr("fd00::8"), netip.MustParseAddr("fd00::9")}})
	})
	t.Run("inet6", func(t *testing.T) {
		socktest.Check(t)
		enterOwnNetwork(t, "ip link set lo up; ip link add v0 type veth peer name v1; ip link set v1 up; ip link set v0 up; "+
			"ip addr add fe80::8/64 dev v0 nodad; ip addr add fe80::9/64 dev v0 nodad")
		ifindex, err := sock.IfNametoindex("v0")
		socktest.Must(t, err)
		fn(t, network{socktest.UDP6, ifindex, netip.MustParseAddr("ff02::1:3"), netip.MustParseAddr("ff02::1:4"),
			[2]netip.Addr{netip.MustParseAddr("fe80::8"), netip.MustParseAddr("fe80::9")}})
	})
}

// enterOwnNetwork puts the test into its own network namespace, which the script then sets up. A
// socket belongs to the namespace in which it was made, even if another thread waits for it later.
func enterOwnNetwork(t *testing.T, script string) {
	t.Helper()
	if _, err := exec.LookPath("ip"); err != nil {
		t.Skip("install iproute2:", err)
	}
	// The thread is never unlocked, so it ends with the goroutine of the test. No other goroutine
	// gets it.
	runtime.LockOSThread()
	if err := unix.Unshare(unix.CLONE_NEWNET); err != nil {
		t.Skip("no network of its own: run this as root:", err)
	}
	if out, err := exec.Command("sh", "-ec", script).CombinedOutput(); err != nil {
		t.Skipf("run this where there are such links: %v: %s", err, out)
	}
}

// addr returns an address of the family. The scope of a link-local address is the interface.
func (n network) addr(host netip.Addr, port int) sock.Addr {
	if n.Family == sock.AF_INET {
		return sock.Inet(host.String(), port)
	}
	return families.Inet6Scoped(host.String(), port, 0, uint32(n.ifindex))
}

// receiver returns a socket that receives from groups, and its port. It receives only from groups
// that it has joined itself.
func (n network) receiver(t *testing.T) (*sock.Socket, int) {
	s := n.New(t)
	if n.Family == sock.AF_INET {
		socktest.Must(t, s.Bind(sock.Inet("", 0)))
		socktest.Must(t, s.Setsockopt(sock.IPPROTO_IP, unix.IP_MULTICAST_ALL, 0))
	} else {
		socktest.Must(t, s.Setsockopt(sock.IPPROTO_IPV6, sock.IPV6_V6ONLY, 1))
		socktest.Must(t, s.Bind(sock.Inet6("", 0)))
		socktest.Must(t, s.Setsockopt(sock.IPPROTO_IPV6, unix.IPV6_MULTICAST_ALL, 0))
	}
	socktest.Must(t, s.SetTimeout(socktest.Patience))
	return s, socktest.Name(t, s).Port()
}

// senders returns one socket for each of the addresses.
func (n network) senders(t *testing.T) (senders [2]*sock.Socket) {
	for i := range senders {
		s := n.New(t)
		socktest.Must(t, s.Bind(n.addr(n.from[i], 0)))
		socktest.Must(t, s.SetMulticastInterface(n.ifindex))
		senders[i] = s
	}
	return senders
}

var ends int // number of the datagram that ends a round of heard

// heard sends to the group from both addresses, and returns the senders whose datagrams arrived.
func (n network) heard(t *testing.T, s *sock.Socket, senders [2]*sock.Socket, group netip.Addr, port int) (who []int) {
	t.Helper()
	for i, sender := range senders {
		socktest.Must(t, wantN(1)(sender.Sendto([]byte{byte(i)}, 0, n.addr(group, port))))
	}
	// The last datagram is one that always arrives, so the test never waits for a datagram that
	// does not come. A link that is up for a short time only may lose even that one. So it is sent
	// again, each time with a new number.
	socktest.Must(t, s.SetTimeout(socktest.Patience/10))
	end := func() string {
		ends++
		text := fmt.Sprint("end ", ends)
		socktest.Must(t, wantN(len(text))(senders[0].Sendto([]byte(text), 0, n.addr(n.from[0], port))))
		return text
	}
	last := end()
	for tries := 1; ; {
		p, from, err := s.Recvfrom(20, 0)
		if errors.Is(err, os.ErrDeadlineExceeded) && tries < 10 {
			tries++
			last = end()
			continue
		}
		socktest.Must(t, err)
		if string(p) == last {
			return who
		}
		if len(p) > 1 {
			continue // the late end of an earlier round
		}
		if want := n.from[p[0]]; netip.MustParseAddr(from.Host()).WithZone("") != want {
			t.Errorf("from %v, want %v", from, want)
		}
		who = append(who, int(p[0]))
	}
}

// A socket receives from a group that it has joined, by the interface and from the source that it
// named, and from no other.
func TestMulticast(t *testing.T) {
	eachNetwork(t, func(t *testing.T, n network) {
		s, port := n.receiver(t)
		senders := n.senders(t)
		for _, step := range []struct {
			name string
			do   func() error
			want []int
		}{
			{"nothing joined", func() error { return nil }, nil},
			{"joined", func() error { return s.JoinGroup(n.group, n.ifindex) }, []int{0, 1}},
			{"the first blocked", func() error { return s.BlockSource(n.group, n.from[0], n.ifindex) }, []int{1}},
			{"both blocked", func() error { return s.BlockSource(n.group, n.from[1], n.ifindex) }, nil},
			{"the first again", func() error { return s.UnblockSource(n.group, n.from[0], n.ifindex) }, []int{0}},
			{"left", func() error { return s.LeaveGroup(n.group, n.ifindex) }, nil},
			{"the second as source", func() error { return s.JoinSourceGroup(n.group, n.from[1], n.ifindex) }, []int{1}},
			{"both as sources", func() error { return s.JoinSourceGroup(n.group, n.from[0], n.ifindex) }, []int{0, 1}},
			{"the first source", func() error { return s.LeaveSourceGroup(n.group, n.from[1], n.ifindex) }, []int{0}},
			{"no source", func() error { return s.LeaveSourceGroup(n.group, n.from[0], n.ifindex) }, nil},
			{"joined again", func() error { return s.JoinGroup(n.group, n.ifindex) }, []int{0, 1}},
		} {
			if err := step.do(); err != nil {
				t.Fatalf("%s: %v", step.name, err)
			}
			if got := n.heard(t, s, senders, n.group, port); !slices.Equal(got, step.want) {
				t.Errorf("%s: heard %v, want %v", step.name, got, step.want)
			}
			if got := n.heard(t, s, senders, n.other, port); got != nil {
				t.Errorf("%s: heard %v of another group", step.name, got)
			}
		}
	})
}

// PktInfo names the group and the interface of a message to a group.
func TestMulticastPktInfo(t *testing.T) {
	eachNetwork(t, func(t *testing.T, n network) {
		s, port := n.receiver(t)
		socktest.Must(t, s.JoinGroup(n.group, n.ifindex))
		if n.Family == sock.AF_INET {
			setInt(t, s, sock.IPPROTO_IP, sock.IP_PKTINFO)
		} else {
			setInt(t, s, sock.IPPROTO_IPV6, sock.IPV6_RECVPKTINFO)
		}
		socktest.Must(t, wantN(5)(n.senders(t)[0].Sendto(hello, 0, n.addr(n.group, port))))
		items := ancillary(t, s)
		if n.Family == sock.AF_INET {
			if info := find(t, items, sock.Control.PktInfo); info.Dst != n.group || info.Interface != n.ifindex {
				t.Errorf("%+v", info)
			}
		} else if info := find(t, items, sock.Control.PktInfo6); info.Addr != n.group || info.Interface != n.ifindex {
			t.Errorf("%+v", info)
		}
	})
}

// Options set how a socket sends to groups.
func TestMulticastOptions(t *testing.T) {
	eachNetwork(t, func(t *testing.T, n network) {
		s, port := n.receiver(t)
		if ttl, err := s.MulticastTTL(); ttl != 1 || err != nil {
			t.Error(ttl, err)
		}
		for _, ttl := range []int{0, 1, 255} {
			socktest.Must(t, s.SetMulticastTTL(ttl))
			if got, err := s.MulticastTTL(); got != ttl || err != nil {
				t.Error(got, err)
			}
		}
		if i, err := s.MulticastInterface(); i != 0 || err != nil {
			t.Error(i, err)
		}
		if n.Family == sock.AF_INET {
			socktest.Must(t, s.SetMulticastAddr(netip.MustParseAddr("127.0.0.1")))
			if i, err := s.MulticastInterface(); i != n.ifindex || err != nil {
				t.Errorf("by an address: %d, %v; want %d", i, err, n.ifindex)
			}
			socktest.Must(t, s.SetMulticastInterface(0))
		}
		socktest.Must(t, s.SetMulticastInterface(n.ifindex))
		if i, err := s.MulticastInterface(); n.Family == sock.AF_INET6 && i != n.ifindex || err != nil {
			t.Error(i, err)
		}
		socktest.Must(t, s.JoinGroup(n.group, n.ifindex))
		for _, loop := range []bool{false, true} {
			socktest.Must(t, s.SetMulticastLoop(loop))
			if got, err := s.MulticastLoop(); got != loop || err != nil {
				t.Error(got, err)
			}
			socktest.Must(t, s.SetTimeout(2*time.Millisecond))
			if loop {
				socktest.Must(t, s.SetTimeout(socktest.Patience))
			}
			socktest.Must(t, wantN(5)(s.Sendto(hello, 0, n.addr(n.group, port))))
			p, err := s.Recv(10, 0)
			if n.ifindex == 1 && !loop { // the loopback interface returns all packets that it sends
				err = os.ErrDeadlineExceeded
			}
			if loop && string(p) != "hello" || !loop && !errors.Is(err, os.ErrDeadlineExceeded) {
				t.Errorf("loop %v: %q, %v", loop, p, err)
			}
		}
	})
}

func TestMulticastRefused(t *testing.T) {
	eachNetwork(t, func(t *testing.T, n network) {
		s, _ := n.receiver(t)
		stranger := netip.MustParseAddr("ff02::1")
		if n.Family == sock.AF_INET6 {
			stranger = netip.MustParseAddr("239.1.1.1")
		}
		var arg *sock.ArgError
		for name, err := range map[string]error{
			"no group":                       s.JoinGroup(n.from[0], n.ifindex),
			"no address":                     s.JoinGroup(netip.Addr{}, n.ifindex),
			"a group of the other family":    s.JoinGroup(stranger, n.ifindex),
			"… to leave":                     s.LeaveGroup(stranger, n.ifindex),
			"a negative interface":           s.JoinGroup(n.group, -1),
			"… to send by":                   s.SetMulticastInterface(-1),
			"a source of the other family":   s.JoinSourceGroup(n.group, stranger, n.ifindex),
			"no source":                      s.JoinSourceGroup(n.group, netip.Addr{}, n.ifindex),
			"a TTL of 256":                   s.SetMulticastTTL(256),
			"a TTL of -1":                    s.SetMulticastTTL(-1),
			"an address of the other family": s.SetMulticastAddr(netip.IPv6Loopback()),
		} {
			if !errors.As(err, &arg) {
				t.Errorf("%s: %v, want an *ArgError", name, err)
			}
		}
		const nowhere = 1 << 20
		for name, err := range map[string]error{
			"join":   s.JoinGroup(n.group, nowhere),
			"source": s.JoinSourceGroup(n.group, n.from[0], nowhere),
			"send":   s.SetMulticastInterface(nowhere),
		} {
			if !errors.Is(err, syscall.ENODEV) && !errors.Is(err, syscall.EADDRNOTAVAIL) {
				t.Errorf("%s by an interface that there is not: %v", name, err)
			}
		}
		if err := s.LeaveGroup(n.group, n.ifindex); !errors.Is(err, syscall.EADDRNOTAVAIL) {
			t.Errorf("leaving what was not joined: %v", err)
		}
		socktest.Must(t, s.JoinGroup(n.group, n.ifindex))
		if err := s.JoinGroup(n.group, n.ifindex); !errors.Is(err, syscall.EADDRINUSE) {
			t.Errorf("joining twice: %v", err)
		}
		local := socktest.UnixDatagram.New(t)
		for name, err := range map[string]error{
			"JoinGroup": local.JoinGroup(n.group, 0), "SetRecvErr": local.SetRecvErr(true), "SetMulticastLoop": local.SetMulticastLoop(true),
		} {
			if !errors.As(err, &arg) {
				t.Errorf("%s of a Unix socket: %v", name, err)
			}
		}
	})
}
