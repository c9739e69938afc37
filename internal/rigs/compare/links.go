//go:build linux

package main

import (
	"fmt"
	"os"
	"sync"

	"github.com/polluxio/pollux/internal/rigs/rtnl"
	"golang.org/x/sys/unix"
)

// Interfaces and addresses that come and go: rtnetlink(7). They are made in the machine only, since
// they are the network of all programs.

// addLink makes an interface of that kind that is up, and returns its number.
func addLink(kind string) (int, error) {
	name := fmt.Sprint("cmp", os.Getpid()%10000, "x", numbers.Add(1))
	body := append(rtnl.Link(0, unix.IFF_UP, unix.IFF_UP), rtnl.Attribute(unix.IFLA_IFNAME, append([]byte(name), 0))...)
	body = append(body, rtnl.Attribute(unix.IFLA_LINKINFO, rtnl.Attribute(unix.IFLA_INFO_KIND, []byte(kind)))...)
	if err := rtnl.Request(unix.RTM_NEWLINK, unix.NLM_F_CREATE|unix.NLM_F_EXCL, body); err != nil {
		return 0, fmt.Errorf("an interface of kind %s: %w", kind, err)
	}
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return 0, err
	}
	defer unix.Close(fd)
	r, err := unix.NewIfreq(name)
	if err == nil {
		err = unix.IoctlIfreq(fd, unix.SIOCGIFINDEX, r)
	}
	return int(r.Uint32()), err
}

// lower sets an interface down.
func lower(index int) error {
	return rtnl.Request(unix.RTM_NEWLINK, 0, rtnl.Link(index, 0, unix.IFF_UP))
}

func removeLink(index int) error { return rtnl.Request(unix.RTM_DELLINK, 0, rtnl.Link(index, 0, 0)) }

// vcan is the bus that the sockets of CAN share. Each scene has identifiers of its own on it.
var vcan = sync.OnceValues(func() (int, error) { return addLink("vcan") })

// address adds an address of lo, or removes it.
func address(typ, flags int, ip [4]byte) error {
	body := append([]byte{unix.AF_INET, 32, 0, 0}, rtnl.Uint32(1)...) // struct ifaddrmsg
	return rtnl.Request(typ, flags, append(body, rtnl.Attribute(unix.IFA_LOCAL, ip[:])...))
}
