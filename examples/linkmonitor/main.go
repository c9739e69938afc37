// Linkmonitor lists the network interfaces and their addresses, and then tells of each change as the kernel does, by netlink.
//
//	go run ./examples/linkmonitor
package main

import (
	"errors"
	"fmt"
	"io"
	"log"
	"os"
	"syscall"

	"github.com/polluxio/pollux/sock"
)

const (
	afNetlink    = 16 // AF_NETLINK, which package sock names on Linux alone
	netlinkRoute = 0
)

func main() {
	events, err := open()
	if err == nil {
		err = monitor(events, os.Stdout)
	}
	log.Fatal(err)
}

// open is a socket that is told of links and addresses.
func open() (*sock.Socket, error) {
	s, err := sock.New(afNetlink, sock.SOCK_RAW, netlinkRoute)
	if err != nil {
		return nil, err
	}
	for _, group := range []uint32{sock.RTNLGRP_LINK, sock.RTNLGRP_IPV4_IFADDR, sock.RTNLGRP_IPV6_IFADDR} {
		if err := s.JoinNetlinkGroup(group); err != nil {
			s.Close()
			return nil, err
		}
	}
	return s, nil
}

// monitor writes what there is, and then what changes, until receiving fails.
func monitor(s *sock.Socket, w io.Writer) error {
	if err := list(s, w); err != nil {
		return err
	}
	buf := make([]byte, 1<<16)
	for {
		n, err := s.RecvInto(buf, 0)
		if errors.Is(err, syscall.ENOBUFS) { // we were too slow, and have missed something
			if err = list(s, w); err == nil {
				continue
			}
		}
		if err != nil {
			return err
		}
		for m, err := range sock.NetlinkMessages(buf[:n]) {
			if err != nil {
				return err
			}
			show(w, m)
		}
	}
}

// list writes all links and addresses.
func list(s *sock.Socket, w io.Writer) error {
	for _, r := range []sock.NetlinkRequest{
		{Type: sock.RTM_GETLINK, Data: sock.LinkHeader(0, 0, 0)},
		{Type: sock.RTM_GETADDR, Data: sock.LinkAddressHeader(0, 0, 0)},
	} {
		r.Flags = sock.NLM_F_DUMP
		r.Other = func(m sock.NetlinkMessage) { show(w, m) } // a change that comes meanwhile
		for m, err := range s.NetlinkDo(r) {
			if err != nil {
				return err
			}
			show(w, m)
		}
	}
	return nil
}

func show(w io.Writer, m sock.NetlinkMessage) {
	what := map[uint16]string{sock.RTM_DELLINK: "gone: ", sock.RTM_DELADDR: "gone: "}[m.Type]
	switch m.Type {
	case sock.RTM_NEWLINK, sock.RTM_DELLINK:
		if l, err := sock.LinkMessage(m); err == nil {
			state := "down"
			if l.Up() {
				state = "up"
			}
			fmt.Fprintf(w, "%slink %d %s %s, %s, mtu %d %s\n", what, l.Index, l.Name, state, l.Address, l.MTU, l.Kind)
		}
	case sock.RTM_NEWADDR, sock.RTM_DELADDR:
		if a, err := sock.LinkAddressMessage(m); err == nil {
			fmt.Fprintf(w, "%saddress %s on link %d\n", what, a.Prefix, a.Index)
		}
	}
}
