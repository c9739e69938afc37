// Linkmonitor prints the network interfaces and their addresses, and then each change, as the
// kernel reports it by netlink.
//
//	go run ./examples/linkmonitor
//
// Needs: Linux.
package main

import (
	"errors"
	"fmt"
	"io"
	"log"
	"os"
	"syscall"

	"github.com/polluxio/pollux/sock"
	"github.com/polluxio/pollux/sock/netlink"
)

const (
	afNetlink    = 16 // AF_NETLINK, which package sock has on Linux only
	netlinkRoute = 0
)

func main() {
	events, err := open()
	if err == nil {
		err = monitor(events, os.Stdout)
	}
	log.Fatal(err)
}

// open returns a socket that receives notices about links and addresses.
func open() (*sock.Socket, error) {
	s, err := sock.New(afNetlink, sock.SOCK_RAW, netlinkRoute)
	if err != nil {
		return nil, err
	}
	for _, group := range []uint32{netlink.RTNLGRP_LINK, netlink.RTNLGRP_IPV4_IFADDR, netlink.RTNLGRP_IPV6_IFADDR} {
		if err := netlink.JoinGroup(s, group); err != nil {
			s.Close()
			return nil, err
		}
	}
	return s, nil
}

// monitor writes the present state, and then each change, until a receive fails.
func monitor(s *sock.Socket, w io.Writer) error {
	if err := list(s, w); err != nil {
		return err
	}
	buf := make([]byte, 1<<16)
	for {
		n, err := s.RecvInto(buf, 0)
		if errors.Is(err, syscall.ENOBUFS) { // this program was too slow, and notices were lost
			if err = list(s, w); err == nil {
				continue
			}
		}
		if err != nil {
			return err
		}
		for m, err := range netlink.Messages(buf[:n]) {
			if err != nil {
				return err
			}
			show(w, m)
		}
	}
}

// list writes all links and addresses.
func list(s *sock.Socket, w io.Writer) error {
	for _, r := range []netlink.Request{
		{Type: netlink.RTM_GETLINK, Data: netlink.LinkHeader(0, 0, 0)},
		{Type: netlink.RTM_GETADDR, Data: netlink.LinkAddressHeader(0, 0, 0)},
	} {
		r.Flags = netlink.NLM_F_DUMP
		r.Other = func(m netlink.Message) { show(w, m) } // a change during the request
		for m, err := range netlink.Do(s, r) {
			if err != nil {
				return err
			}
			show(w, m)
		}
	}
	return nil
}

func show(w io.Writer, m netlink.Message) {
	what := map[uint16]string{netlink.RTM_DELLINK: "gone: ", netlink.RTM_DELADDR: "gone: "}[m.Type]
	switch m.Type {
	case netlink.RTM_NEWLINK, netlink.RTM_DELLINK:
		if l, err := netlink.ParseLink(m); err == nil {
			state := "down"
			if l.Up() {
				state = "up"
			}
			fmt.Fprintf(w, "%slink %d %s %s, %s, mtu %d %s\n", what, l.Index, l.Name, state, l.Address, l.MTU, l.Kind)
		}
	case netlink.RTM_NEWADDR, netlink.RTM_DELADDR:
		if a, err := netlink.ParseLinkAddress(m); err == nil {
			fmt.Fprintf(w, "%saddress %s on link %d\n", what, a.Prefix, a.Index)
		}
	}
}
