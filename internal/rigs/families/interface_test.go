//go:build linux

package families_test

import (
	"fmt"
	"net"
	"testing"
	"time"

	"github.com/polluxio/pollux/internal/rigs/rtnl"
	"github.com/polluxio/pollux/sock/netlink"
	"github.com/polluxio/pollux/sock/socktest"
	"golang.org/x/sys/unix"
)

// Network interfaces are made over rtnetlink with bare calls: the machine need not have a program
// for it, and nothing that is tested here is trusted with it.

// addLink makes and raises an interface of a kind ("vcan", "veth", "dummy", …) in the network
// namespace of the calling thread: its index. It goes with the test. mtu 0 is the kind's own; data
// is the kind's IFLA_INFO_DATA, or nil.
func addLink(t testing.TB, name, kind string, mtu int, data []byte) int {
	t.Helper()
	info := rtnl.Attribute(unix.IFLA_INFO_KIND, []byte(kind))
	if data != nil {
		info = append(info, rtnl.Attribute(unix.IFLA_INFO_DATA, data)...)
	}
	body := rtnl.Link(0, unix.IFF_UP, unix.IFF_UP)
	body = append(body, rtnl.Attribute(unix.IFLA_IFNAME, append([]byte(name), 0))...)
	if mtu != 0 {
		body = append(body, rtnl.Attribute(unix.IFLA_MTU, rtnl.Uint32(mtu))...)
	}
	body = append(body, rtnl.Attribute(unix.IFLA_LINKINFO, info)...)
	lacks(t, fmt.Sprintf("interface %s of kind %s", name, kind),
		rtnl.Request(unix.RTM_NEWLINK, unix.NLM_F_CREATE|unix.NLM_F_EXCL, body))
	index := indexOf(t, name)
	here := currentNamespace(t)
	t.Cleanup(func() {
		here.do(t, func() { _ = rtnl.Request(unix.RTM_DELLINK, 0, rtnl.Link(index, 0, 0)) })
		here.close()
	})
	return index
}

// raise sets an interface up.
func raise(index int) error {
	return rtnl.Request(unix.RTM_NEWLINK, 0, rtnl.Link(index, unix.IFF_UP, unix.IFF_UP))
}

// addAddress gives an interface an address, which can be used at once.
func addAddress(index int, ip net.IP, bits int) error {
	family := unix.AF_INET
	if v4 := ip.To4(); v4 != nil {
		ip = v4
	} else {
		family = unix.AF_INET6
	}
	// struct ifaddrmsg {              // <linux/if_addr.h>
	//     __u8  ifa_family;           // 0
	//     __u8  ifa_prefixlen;        // 1
	//     __u8  ifa_flags;            // 2
	//     __u8  ifa_scope;            // 3
	//     __u32 ifa_index;            // 4
	// };
	body := append([]byte{byte(family), byte(bits), unix.IFA_F_NODAD, 0}, rtnl.Uint32(index)...)
	body = append(body, rtnl.Attribute(unix.IFA_LOCAL, ip)...)
	return rtnl.Request(unix.RTM_NEWADDR, unix.NLM_F_CREATE|unix.NLM_F_EXCL, body)
}

// awaitRunning waits until the host's end of the wire takes frames. Until its carrier is worked
// off, which the kernel does in a thread of its own, it drops them without a word; and IFF_RUNNING
// is set before that too, as long as the kernel does not know better.
func awaitRunning(t testing.TB, h *host) {
	t.Helper()
	const up = 6 // IF_OPER_UP of <linux/if.h>
	s := netlinkIn(t, h.namespace)
	defer s.Close()
	// Not socktest.Await, which is for what other goroutines do.
	for end := time.Now().Add(socktest.Patience); time.Now().Before(end); time.Sleep(time.Millisecond) {
		links, err := netlink.Links(s)
		must(t, err)
		for _, l := range links {
			if l.Index == h.index && l.OperState == up {
				h.do(t, func() { must(t, raise(h.index)) }) // changes nothing, and comes after what that thread is at
				return
			}
		}
	}
	t.Fatalf("%s has no carrier within %v", h.link, socktest.Patience)
}

// indexOf is the number of an interface of the calling thread's namespace.
func indexOf(t testing.TB, name string) int {
	t.Helper()
	fd := plain(t)
	defer unix.Close(fd)
	r, err := unix.NewIfreq(name)
	must(t, err)
	if err := unix.IoctlIfreq(fd, unix.SIOCGIFINDEX, r); err != nil {
		t.Fatalf("interface %s: %v", name, err)
	}
	return int(r.Uint32())
}

// plain is a socket to ask about interfaces with.
func plain(t testing.TB) int {
	t.Helper()
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	must(t, err)
	return fd
}
