//go:build linux

package families_test

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/polluxio/pollux/loop"
	"github.com/polluxio/pollux/sock"
	"github.com/polluxio/pollux/sock/netlink"
	"github.com/polluxio/pollux/sock/socktest"
	"golang.org/x/sys/unix"
)

// netlinkIn is a NETLINK_ROUTE socket that is in the namespace.
func netlinkIn(t testing.TB, ns *namespace) (s *sock.Socket) {
	t.Helper()
	ns.do(t, func() { s = need(t, sock.AF_NETLINK, sock.SOCK_RAW, sock.NETLINK_ROUTE) })
	must(t, s.SetTimeout(socktest.Patience))
	must(t, netlink.SetExtendedAck(s, true))
	return s
}

// ask makes a request that is answered by yes or no.
func ask(t testing.TB, s *sock.Socket, typ, flags uint16, b *netlink.Builder) error {
	t.Helper()
	body, err := b.Data()
	must(t, err)
	for _, err = range netlink.Do(s, netlink.Request{Type: typ, Flags: flags, Data: body}) {
	}
	return err
}

// newVeth makes a pair of links.
func newVeth(t testing.TB, s *sock.Socket, name, peer string) {
	t.Helper()
	must(t, ask(t, s, netlink.RTM_NEWLINK, netlink.NLM_F_CREATE|netlink.NLM_F_EXCL, new(netlink.Builder).
		Bytes(netlink.LinkHeader(0, 0, 0)).
		Text(netlink.IFLA_IFNAME, name).
		Nest(netlink.IFLA_LINKINFO, func(b *netlink.Builder) {
			b.Text(netlink.IFLA_INFO_KIND, "veth")
			b.Nest(netlink.IFLA_INFO_DATA, func(b *netlink.Builder) {
				b.Nest(netlink.VETH_INFO_PEER, func(b *netlink.Builder) {
					b.Bytes(netlink.LinkHeader(0, 0, 0)).Text(netlink.IFLA_IFNAME, peer)
				})
			})
		})))
}

// Links and addresses are made, listed, told of and taken away, in a namespace of their own.
func TestNetlinkLinks(t *testing.T) {
	socktest.Check(t)
	ns := newNamespace(t)
	s := netlinkIn(t, ns)
	newVeth(t, s, "near", "far")
	links, err := netlink.Links(s)
	must(t, err)
	find := func(name string) netlink.Link {
		t.Helper()
		i := slices.IndexFunc(links, func(l netlink.Link) bool { return l.Name == name })
		if i < 0 {
			t.Fatalf("no link %s among %v", name, links)
		}
		return links[i]
	}
	near, far, lo := find("near"), find("far"), find("lo")
	if near.Kind != "veth" || near.Lower != far.Index || far.Lower != near.Index || near.MTU != 1500 || near.Type != 1 ||
		len(near.Address) != 6 || near.Up() || near.Flags&netlink.IFF_BROADCAST == 0 {
		t.Errorf("near is %+v", near)
	}
	if lo.Type != 772 || !lo.Up() || lo.Flags&netlink.IFF_LOOPBACK == 0 || lo.Kind != "" {
		t.Errorf("lo is %+v", lo)
	}

	want := []netip.Prefix{netip.MustParsePrefix("10.77.0.1/24"), netip.MustParsePrefix("fd77::1/64")}
	for _, p := range want {
		family := unix.AF_INET
		if p.Addr().Is6() {
			family = unix.AF_INET6
		}
		must(t, ask(t, s, netlink.RTM_NEWADDR, netlink.NLM_F_CREATE|netlink.NLM_F_EXCL, new(netlink.Builder).
			Bytes(netlink.LinkAddressHeader(family, p.Bits(), near.Index)).
			Attr(netlink.IFA_LOCAL, p.Addr().AsSlice())))
	}
	addrs, err := netlink.LinkAddresses(s)
	must(t, err)
	for _, p := range want {
		if !slices.ContainsFunc(addrs, func(a netlink.LinkAddress) bool { return a.Prefix == p && a.Index == near.Index }) {
			t.Errorf("no %v among %+v", p, addrs)
		}
	}

	// With a strict check the kernel lists the addresses of one link.
	must(t, netlink.SetStrictCheck(s, true))
	for m, err := range netlink.Do(s, netlink.Request{Type: netlink.RTM_GETADDR, Flags: netlink.NLM_F_DUMP,
		Data: netlink.LinkAddressHeader(unix.AF_UNSPEC, 0, near.Index)}) {
		must(t, err)
		if a, err := netlink.ParseLinkAddress(m); err != nil || a.Index != near.Index {
			t.Errorf("%+v, %v among the addresses of link %d", a, err, near.Index)
		}
	}
	must(t, netlink.SetStrictCheck(s, false))

	// A refusal has the errno, the kernel's words, and where they apply.
	err = ask(t, s, netlink.RTM_NEWLINK, netlink.NLM_F_CREATE|netlink.NLM_F_EXCL, new(netlink.Builder).
		Bytes(netlink.LinkHeader(0, 0, 0)).Nest(netlink.IFLA_LINKINFO, func(b *netlink.Builder) { b.Text(netlink.IFLA_INFO_KIND, "nosuch") }))
	var refused *netlink.Error
	if !errors.Is(err, syscall.EOPNOTSUPP) || !errors.As(err, &refused) || refused.Text != "Unknown device type" {
		t.Errorf("a link of a kind that is not there: %v", err)
	}
	must(t, ask(t, s, netlink.RTM_DELLINK, 0, new(netlink.Builder).Bytes(netlink.LinkHeader(near.Index, 0, 0))))
	if links, err = netlink.Links(s); err != nil || len(links) != 1 {
		t.Errorf("%v, %v, want lo alone", links, err)
	}
}

// A list that is longer than one receive, in each way to wait.
func TestNetlinkLongList(t *testing.T) {
	ns := newNamespace(t)
	s := netlinkIn(t, ns)
	const pairs = 60
	for i := range pairs {
		newVeth(t, s, fmt.Sprintf("near%d", i), fmt.Sprintf("far%d", i))
	}
	for _, way := range []string{"goroutine", "context", "task", "task and context"} {
		t.Run(way, func(t *testing.T) {
			must(t, within(t, way, s, func(s *sock.Socket) error {
				links, err := netlink.Links(s)
				if err == nil && len(links) != 2*pairs+1 {
					err = fmt.Errorf("%d links, want %d", len(links), 2*pairs+1)
				}
				return err
			}))
		})
	}
}

// Notices of a group come in each way to wait; so do timeouts and cancels. A notice is the message
// that everyWay sends: a link that is renamed, or rather its alias set, by the other socket.
func TestNetlinkGroups(t *testing.T) {
	const iflaIfalias = 20 // IFLA_IFALIAS of <linux/if_link.h>
	ns := newNamespace(t)
	boss := netlinkIn(t, ns)
	newVeth(t, boss, "near", "far")
	link := func() netlink.Link {
		links, err := netlink.Links(boss)
		must(t, err)
		return links[slices.IndexFunc(links, func(l netlink.Link) bool { return l.Name == "near" })]
	}()
	// Of a link that is down only some changes are reported.
	must(t, ask(t, boss, netlink.RTM_NEWLINK, 0, new(netlink.Builder).Bytes(netlink.LinkHeader(link.Index, netlink.IFF_UP, netlink.IFF_UP))))
	alias := func(message []byte) string {
		for m, err := range netlink.Messages(message) {
			if err != nil || m.Type != netlink.RTM_NEWLINK || len(m.Data) < 16 {
				return fmt.Sprint(err, m)
			}
			for a, err := range netlink.Attrs(m.Data[16:]) {
				if err == nil && a.Type == iflaIfalias {
					return a.Text()
				}
			}
		}
		return "no alias"
	}
	before := "no alias"
	for _, how := range []string{"joined", "bound"} {
		t.Run(how, func(t *testing.T) {
			socktest.EachWaiter(t, func(t *testing.T, w *socktest.Waiter) {
				s := netlinkIn(t, ns)
				if how == "joined" {
					must(t, netlink.JoinGroup(s, netlink.RTNLGRP_LINK))
				} else {
					must(t, s.Bind(sock.Netlink(0, netlink.RTMGRP_LINK)))
				}
				for i := range 3 {
					want := fmt.Sprintf("alias %d", i)
					var got string
					var from sock.Addr
					call := socktest.Start(func() error {
						for {
							p, a, err := w.On(s).Recvfrom(8192, 0)
							if err != nil {
								return err
							}
							if got, from = alias(p), a; got != before { // else it is a carrier's notice, which comes when it comes
								return nil
							}
						}
					})
					if i == 0 {
						socktest.AwaitWaiting(t, s)
					}
					must(t, ask(t, boss, netlink.RTM_NEWLINK, 0, new(netlink.Builder).
						Bytes(netlink.LinkHeader(link.Index, 0, 0)).Attr(iflaIfalias, []byte(want))))
					must(t, call.Wait(t))
					if pid, groups := from.Netlink(); got != want || pid != 0 || groups != netlink.RTMGRP_LINK {
						t.Errorf("%q from %v, want %q", got, from, want)
					}
					before = want
				}
				must(t, s.SetTimeout(20*time.Millisecond))
				var err error
				for err = nil; err == nil; { // a carrier's notice may still come
					_, err = w.On(s).Recv(100, 0)
				}
				if !errors.Is(err, os.ErrDeadlineExceeded) {
					t.Errorf("nothing happens, and it says %v", err)
				}
			})
		})
	}
}

// Two programs can talk over NETLINK_USERSOCK, without the kernel: what everyWay sends are plain
// messages.
func TestNetlinkBetweenSockets(t *testing.T) {
	everyWay(t, boundTo(sock.AF_NETLINK, sock.SOCK_DGRAM, sock.NETLINK_USERSOCK, sock.Netlink(0, 0)), exchange{
		To: itsName, Sender: fromItsName,
		Ready: func(t *testing.T, s *sock.Socket) {
			must(t, s.Setsockopt(netlink.SOL_NETLINK, netlink.NETLINK_PKTINFO, 1))
		},
		Ancillary: func(t *testing.T, items []sock.Control, _ int) {
			if c := wantItem(t, items, netlink.SOL_NETLINK, netlink.NETLINK_PKTINFO); len(c.Ints()) != 1 || c.Ints()[0] != 0 {
				t.Errorf("of group %v, want none", c.Ints())
			}
		},
	})
}

// ip(8) makes a link, and our monitor reports it; we make one, and ip monitor reports it.
func TestNetlinkAndIproute2(t *testing.T) {
	socktest.Check(t)
	ns := newNamespace(t)
	s, boss := netlinkIn(t, ns), netlinkIn(t, ns)
	must(t, netlink.JoinGroup(s, netlink.RTNLGRP_LINK))
	must(t, netlink.JoinGroup(s, netlink.RTNLGRP_IPV4_IFADDR))
	events := make(chan string, 1000)
	r, err := loop.Default()
	must(t, err)
	h := &netlinkMonitor{events: events, closed: make(chan error, 1)}
	must(t, s.Watch(r.Next(), h))
	expect := func(want string) {
		t.Helper()
		for end := time.After(socktest.Patience); ; {
			select {
			case got := <-events:
				if got == want {
					return
				}
			case <-end:
				t.Fatalf("no %q within %v", want, socktest.Patience)
			}
		}
	}
	ns.do(t, func() { output(t, "", "ip", "link", "add", "byip0", "type", "veth", "peer", "name", "byip1") })
	expect("new byip0 veth")
	ns.do(t, func() { output(t, "", "ip", "addr", "add", "10.78.0.1/24", "dev", "byip0") })
	expect("address 10.78.0.1/24")
	ns.do(t, func() { output(t, "", "ip", "link", "del", "byip0") })
	expect("gone byip0")

	var monitor *running
	ns.do(t, func() { monitor = start(t, "ip", "-o", "monitor", "link") })
	// It says nothing once it listens: links come until it tells of one.
	for i := 0; !strings.Contains(monitor.Output(), "ours"); i++ {
		newVeth(t, boss, fmt.Sprintf("ours%d", i), fmt.Sprintf("peer%d", i))
		if i > 200 {
			t.Fatalf("ip monitor tells of none of %d links", i)
		}
		time.Sleep(10 * time.Millisecond)
	}
	newVeth(t, boss, "last", "lastpeer")
	monitor.Expect("last@")
	must(t, s.Close())
	if err := <-h.closed; !errors.Is(err, net.ErrClosed) {
		t.Errorf("closed: %v", err)
	}
}

// netlinkMonitor says what happens to links.
type netlinkMonitor struct {
	buf    [1 << 15]byte // loop only
	events chan string
	closed chan error
}

func (h *netlinkMonitor) Readable(s *sock.Socket) {
	for {
		n, err := s.RecvInto(h.buf[:], 0)
		if err != nil {
			return
		}
		for m, err := range netlink.Messages(h.buf[:n]) {
			if err != nil {
				return
			}
			switch link, _ := netlink.ParseLink(m); m.Type {
			case netlink.RTM_NEWLINK:
				h.events <- "new " + link.Name + " " + link.Kind
			case netlink.RTM_DELLINK:
				h.events <- "gone " + link.Name
			case netlink.RTM_NEWADDR:
				a, _ := netlink.ParseLinkAddress(m)
				h.events <- "address " + a.Prefix.String()
			}
		}
	}
}

func (h *netlinkMonitor) Writable(*sock.Socket)            {}
func (h *netlinkMonitor) Closed(_ *sock.Socket, err error) { h.closed <- err }
