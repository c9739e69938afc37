package netlink_test

import (
	"errors"
	"net"
	"slices"
	"syscall"
	"testing"

	"github.com/polluxio/pollux/sock"
	"github.com/polluxio/pollux/sock/netlink"
	"github.com/polluxio/pollux/sock/socktest"
)

func netlinkSocket(t testing.TB) *sock.Socket {
	t.Helper()
	s, err := sock.New(sock.AF_NETLINK, sock.SOCK_RAW, 0)
	socktest.Must(t, err)
	socktest.Must(t, s.SetTimeout(socktest.Patience))
	return socktest.Closing(t, s)
}

// The lists are those that package net has.
func TestLinksAndAddresses(t *testing.T) {
	socktest.Check(t)
	s := netlinkSocket(t)
	links, err := netlink.Links(s)
	socktest.Must(t, err)
	want, err := net.Interfaces()
	socktest.Must(t, err)
	if len(links) != len(want) {
		t.Errorf("%d links, net has %d", len(links), len(want))
	}
	addrs, err := netlink.LinkAddresses(s)
	socktest.Must(t, err)
	for _, ifi := range want {
		i := slices.IndexFunc(links, func(l netlink.Link) bool { return l.Index == ifi.Index })
		if i < 0 {
			t.Errorf("no link %v", ifi)
			continue
		}
		if l := links[i]; l.Name != ifi.Name || l.MTU != ifi.MTU || l.Up() != (ifi.Flags&net.FlagUp != 0) {
			t.Errorf("%+v, net has %+v", l, ifi)
		}
		all, err := ifi.Addrs()
		socktest.Must(t, err)
		for _, a := range all {
			if !slices.ContainsFunc(addrs, func(b netlink.LinkAddress) bool { return b.Index == ifi.Index && b.Prefix.String() == a.String() }) {
				t.Errorf("no address %v of %s in %v", a, ifi.Name, addrs)
			}
		}
	}
}

// The error of a failed request has the kernel's reason, and the socket still works.
func TestRefusal(t *testing.T) {
	socktest.Check(t)
	s := netlinkSocket(t)
	socktest.Must(t, netlink.SetExtendedAck(s, true))
	for range 2 {
		var got error
		for _, err := range netlink.Do(s, netlink.Request{Type: netlink.RTM_GETLINK, Data: netlink.LinkHeader(1<<30, 0, 0)}) {
			got = err
		}
		var op *net.OpError
		var refused *netlink.Error
		if !errors.Is(got, syscall.ENODEV) || !errors.As(got, &op) || !errors.As(got, &refused) {
			t.Fatalf("a link that is not there: %v", got)
		}
	}
	link, err := oneLink(s, 1)
	if err != nil || link.Name != "lo" {
		t.Errorf("link 1 is %+v, %v", link, err)
	}
	// The rest of a list that was not read is skipped.
	for range netlink.Do(s, netlink.Request{Type: netlink.RTM_GETLINK, Flags: netlink.NLM_F_DUMP, Data: netlink.LinkHeader(0, 0, 0)}) {
		break
	}
	if link, err = oneLink(s, 1); err != nil || link.Name != "lo" {
		t.Errorf("link 1 is %+v, %v", link, err)
	}
	body, err := new(netlink.Builder).Bytes(netlink.LinkHeader(0, 0, 0)).Text(netlink.IFLA_IFNAME, "a name that is too long").Data()
	socktest.Must(t, err)
	for _, err = range netlink.Do(s, netlink.Request{Type: netlink.RTM_NEWLINK, Flags: netlink.NLM_F_CREATE, Data: body}) {
	}
	var refused *netlink.Error
	if !errors.As(err, &refused) || refused.Text == "" {
		t.Errorf("%v has no words of the kernel's", err)
	}
}

func oneLink(s *sock.Socket, index int) (link netlink.Link, err error) {
	for m, failed := range netlink.Do(s, netlink.Request{Type: netlink.RTM_GETLINK, Data: netlink.LinkHeader(index, 0, 0)}) {
		if err = failed; err == nil {
			link, err = netlink.ParseLink(m)
		}
	}
	return link, err
}

// The test joins and leaves a group. Another test, which can make links, checks the notices.
func TestGroup(t *testing.T) {
	socktest.Check(t)
	s := netlinkSocket(t)
	socktest.Must(t, netlink.JoinGroup(s, netlink.RTNLGRP_LINK))
	if pid, _ := socktest.Name(t, s).Netlink(); pid == 0 {
		t.Error("it has no port, and gets no notices")
	}
	// The kernel returns the length of the whole list, which is more than the 4 bytes asked for.
	if b, err := s.GetsockoptBytes(netlink.SOL_NETLINK, netlink.NETLINK_LIST_MEMBERSHIPS, 4); err != nil || len(b) != 4 {
		t.Errorf("memberships %x, %v", b, err)
	}
	socktest.Must(t, netlink.LeaveGroup(s, netlink.RTNLGRP_LINK))
	if err := netlink.JoinGroup(s, 1<<20); !errors.Is(err, syscall.EINVAL) {
		t.Errorf("a group that is not there: %v", err)
	}
}

// With a strict check the kernel obeys the header of a request for a list, and refuses one that it
// does not understand.
func TestSetStrictCheck(t *testing.T) {
	socktest.Check(t)
	s := netlinkSocket(t)
	list := func(data []byte) (n int, err error) {
		for _, failed := range netlink.Do(s, netlink.Request{Type: netlink.RTM_GETLINK, Flags: netlink.NLM_F_DUMP, Data: data}) {
			if failed != nil {
				err = failed
				break
			}
			n++
		}
		return n, err
	}
	odd := netlink.LinkHeader(0, syscall.IFF_UP, syscall.IFF_UP) // a list has no use for flags
	for _, strict := range []bool{false, true, false} {
		socktest.Must(t, netlink.SetStrictCheck(s, strict))
		if n, err := list(netlink.LinkHeader(0, 0, 0)); n == 0 || err != nil {
			t.Errorf("strict %v: %d links, %v", strict, n, err)
		}
		if _, err := list(odd); errors.Is(err, syscall.EINVAL) != strict || !strict && err != nil {
			t.Errorf("strict %v, and flags in the header: %v", strict, err)
		}
	}
}
