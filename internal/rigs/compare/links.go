//go:build linux

package main

import (
	"encoding/binary"
	"fmt"
	"os"
	"sync"

	"golang.org/x/sys/unix"
)

// Interfaces and addresses that come and go: rtnetlink(7). They are made in the machine only, since
// they are the network of all programs.

func u32(v int) []byte { return binary.NativeEndian.AppendUint32(nil, uint32(v)) }

// attribute is a struct rtattr with its value, padded to 4 bytes.
func attribute(typ int, value []byte) []byte {
	b := binary.NativeEndian.AppendUint16(nil, uint16(4+len(value)))
	b = append(binary.NativeEndian.AppendUint16(b, uint16(typ)), value...)
	return append(b, make([]byte, -len(b)&3)...)
}

// ifinfo is struct ifinfomsg.
func ifinfo(index, flags int) []byte {
	b := append(make([]byte, 4), u32(index)...)
	return append(append(b, u32(flags)...), u32(flags)...)
}

// ask makes one request of the kernel and awaits its acknowledgement.
func ask(typ, flags int, body []byte) error {
	fd, err := unix.Socket(unix.AF_NETLINK, unix.SOCK_RAW|unix.SOCK_CLOEXEC, unix.NETLINK_ROUTE)
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	m := u32(unix.NLMSG_HDRLEN + len(body))
	m = binary.NativeEndian.AppendUint16(m, uint16(typ))
	m = binary.NativeEndian.AppendUint16(m, uint16(flags|unix.NLM_F_REQUEST|unix.NLM_F_ACK))
	m = append(append(m, make([]byte, 8)...), body...)
	if err := unix.Sendto(fd, m, 0, &unix.SockaddrNetlink{Family: unix.AF_NETLINK}); err != nil {
		return err
	}
	b := make([]byte, 4096)
	n, _, err := unix.Recvfrom(fd, b, 0)
	if err != nil {
		return err
	}
	if n < unix.NLMSG_HDRLEN+4 {
		return fmt.Errorf("an answer of %d bytes", n)
	}
	if errno := -int32(binary.NativeEndian.Uint32(b[unix.NLMSG_HDRLEN:])); errno != 0 {
		return unix.Errno(errno)
	}
	return nil
}

// addLink makes an interface of that kind that is up, and returns its number.
func addLink(kind string) (int, error) {
	name := fmt.Sprint("cmp", os.Getpid()%10000, "x", numbers.Add(1))
	body := append(ifinfo(0, unix.IFF_UP), attribute(unix.IFLA_IFNAME, append([]byte(name), 0))...)
	body = append(body, attribute(unix.IFLA_LINKINFO, attribute(unix.IFLA_INFO_KIND, []byte(kind)))...)
	if err := ask(unix.RTM_NEWLINK, unix.NLM_F_CREATE|unix.NLM_F_EXCL, body); err != nil {
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
	body := append(make([]byte, 4), u32(index)...)
	return ask(unix.RTM_NEWLINK, 0, append(append(body, u32(0)...), u32(unix.IFF_UP)...))
}

func removeLink(index int) error { return ask(unix.RTM_DELLINK, 0, ifinfo(index, 0)) }

// vcan is the bus that the sockets of CAN share. Each scene has identifiers of its own on it.
var vcan = sync.OnceValues(func() (int, error) { return addLink("vcan") })

// address adds an address of lo, or removes it.
func address(typ, flags int, ip [4]byte) error {
	body := append([]byte{unix.AF_INET, 32, 0, 0}, u32(1)...) // struct ifaddrmsg
	return ask(typ, flags, append(body, attribute(unix.IFA_LOCAL, ip[:])...))
}
