package netlink_test

import (
	"net/netip"
	"testing"

	"github.com/polluxio/pollux/sock"
	"github.com/polluxio/pollux/sock/netlink"
	"github.com/polluxio/pollux/sock/socktest"
	"golang.org/x/sys/unix"
)

// An answer comes from the kernel, and names the port and the number of the request. These have the
// right number, and are no answers: notices of what another program has done, and messages that
// another program sends.
func TestOnlyAnswersAreTaken(t *testing.T) {
	socktest.Check(t)
	inNamespace(t, func() {
		asks, other := openRoute(t), openRoute(t)
		if asks == nil || other == nil {
			return
		}
		defer asks.Close()
		defer other.Close()
		no := func(err error) bool {
			if err != nil {
				t.Error(err)
			}
			return err != nil
		}
		at, err := asks.Getsockname()
		if no(err) || no(netlink.JoinGroup(asks, netlink.RTNLGRP_IPV4_IFADDR)) {
			return
		}
		port, _ := at.Netlink()
		// The last request of this process had this number.
		var last uint32
		for m, err := range netlink.Do(other, netlink.Request{Type: netlink.RTM_GETLINK, Data: netlink.LinkHeader(1, 0, 0)}) {
			if last = m.Seq; no(err) {
				return
			}
		}
		foreign := netip.MustParseAddr("10.9.8.7")
		data, err := new(netlink.Builder).Bytes(netlink.LinkAddressHeader(unix.AF_INET, 32, 1)).Attr(netlink.IFA_LOCAL, foreign.AsSlice()).Data()
		if no(err) {
			return
		}
		send := func(m netlink.Message, to sock.Addr) {
			p, err := m.Append(nil)
			if !no(err) {
				_, err = other.Sendto(p, 0, to)
				no(err)
			}
		}
		const flags = netlink.NLM_F_REQUEST | netlink.NLM_F_ACK | netlink.NLM_F_CREATE
		for seq := last + 1; seq <= last+3; seq++ {
			for _, typ := range []uint16{netlink.RTM_NEWADDR, netlink.RTM_DELADDR} {
				send(netlink.Message{Type: typ, Flags: flags, Seq: seq, Data: data}, sock.Netlink(0, 0))
				_, err := other.Recv(4096, 0) // the acknowledgement
				no(err)
			}
			send(netlink.Message{Type: netlink.RTM_NEWADDR, Seq: seq, Pid: port, Data: data}, sock.Netlink(port, 0))
			send(netlink.Message{Type: netlink.NLMSG_DONE, Seq: seq, Pid: port, Data: make([]byte, 4)}, sock.Netlink(port, 0))
		}
		var got []netlink.LinkAddress
		strangers := 0
		list := netlink.Request{Type: netlink.RTM_GETADDR, Flags: netlink.NLM_F_DUMP, Data: netlink.LinkAddressHeader(0, 0, 0), Other: func(netlink.Message) { strangers++ }}
		for m, err := range netlink.Do(asks, list) {
			if no(err) {
				return
			}
			a, err := netlink.ParseLinkAddress(m)
			no(err)
			got = append(got, a)
		}
		for _, a := range got {
			if a.Prefix.Addr() == foreign {
				t.Errorf("%v is on no interface", a)
			}
		}
		if strangers != 3*4 {
			t.Errorf("%d other messages, want 12", strangers)
		}
	})
}

// openRoute is a socket that has a port.
func openRoute(t *testing.T) *sock.Socket {
	s, err := sock.New(sock.AF_NETLINK, sock.SOCK_RAW, sock.NETLINK_ROUTE)
	if err == nil {
		err = s.SetTimeout(socktest.Patience)
	}
	if err == nil {
		err = s.Bind(sock.Netlink(0, 0))
	}
	if err != nil {
		t.Error(err)
		return nil
	}
	return s
}
