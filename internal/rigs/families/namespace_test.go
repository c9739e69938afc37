//go:build linux

package families_test

import (
	"net"
	"runtime"
	"testing"

	"github.com/polluxio/pollux/internal/rigs/rtnl"
	"golang.org/x/sys/unix"
)

// A namespace is a network of its own: interfaces, addresses, routes, and the names of abstract
// Unix sockets: network_namespaces(7). A socket stays in the one that it was made in, wherever it
// is used; only its making has to be there.
type namespace struct{ fd int }

// newNamespace is a fresh one, with its loopback up and nothing else. It goes with the test.
func newNamespace(t testing.TB) *namespace {
	t.Helper()
	n := &namespace{-1}
	inThread(t, func() {
		lacks(t, "a network namespace", unix.Unshare(unix.CLONE_NEWNET))
		*n = *currentNamespace(t)
		const loopback = 1 // the first interface of each
		must(t, raise(loopback))
	})
	t.Cleanup(n.close)
	return n
}

// currentNamespace is that of the calling thread. The caller closes it.
func currentNamespace(t testing.TB) *namespace {
	t.Helper()
	fd, err := unix.Open("/proc/thread-self/ns/net", unix.O_RDONLY|unix.O_CLOEXEC, 0)
	must(t, err)
	return &namespace{fd}
}

func (n *namespace) close() { unix.Close(n.fd) }

// do runs fn on a thread that is in the namespace, and waits for it. fn may end the test. What fn
// starts on other goroutines is not in the namespace; a program that it starts is.
func (n *namespace) do(t testing.TB, fn func()) {
	t.Helper()
	inThread(t, func() {
		must(t, unix.Setns(n.fd, unix.CLONE_NEWNET))
		fn()
	})
}

// inThread runs fn on a thread that is thrown away afterwards, whatever fn has done to it.
func inThread(t testing.TB, fn func()) {
	t.Helper()
	ended := make(chan bool)
	go func() {
		done := false
		defer func() { ended <- done }()
		runtime.LockOSThread() // and never unlocked: the thread ends with the goroutine
		fn()
		done = true
	}()
	if <-ended {
		return
	}
	// fn has ended the test, and with it its own goroutine only.
	if t.Skipped() {
		t.SkipNow()
	}
	t.FailNow()
}

// A host is a namespace that is joined to another one by a veth pair.
type host struct {
	*namespace
	link  string // its end of the pair
	index int
	ip4   net.IP
	ip6   net.IP
}

// twoHosts are two fresh namespaces with a wire between them, up and with addresses: 10.77.0.1 and
// 10.77.0.2, fd77::1 and fd77::2.
func twoHosts(t testing.TB) (a, b *host) {
	t.Helper()
	a = &host{newNamespace(t), "wire0", 0, net.IPv4(10, 77, 0, 1), net.ParseIP("fd77::1")}
	b = &host{newNamespace(t), "wire1", 0, net.IPv4(10, 77, 0, 2), net.ParseIP("fd77::2")}
	a.do(t, func() {
		const vethInfoPeer = 1     // VETH_INFO_PEER of <linux/veth.h>
		peer := rtnl.Link(0, 0, 0) // up only once it has its peer
		peer = append(peer, rtnl.Attribute(unix.IFLA_IFNAME, append([]byte(b.link), 0))...)
		peer = append(peer, rtnl.Attribute(unix.IFLA_NET_NS_FD, rtnl.Uint32(b.fd))...)
		a.index = addLink(t, a.link, "veth", 0, rtnl.Attribute(vethInfoPeer, peer))
	})
	for _, h := range []*host{a, b} {
		h.do(t, func() {
			h.index = indexOf(t, h.link)
			must(t, raise(h.index))
			must(t, addAddress(h.index, h.ip4, 24))
			must(t, addAddress(h.index, h.ip6, 64))
		})
	}
	for _, h := range []*host{a, b} { // once both are up
		awaitRunning(t, h)
	}
	return a, b
}
