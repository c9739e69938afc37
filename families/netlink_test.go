package families_test

import (
	"testing"

	"github.com/polluxio/pollux/families"
)

// netlinkSockaddrs is <linux/netlink.h>, <netlink/netlink.h> on FreeBSD:
//
//	struct sockaddr_nl { header; unsigned short nl_pad; __u32 nl_pid, nl_groups; };
var netlinkSockaddrs = []sockaddrTest{
	{families.Linux, families.Netlink(1234, 1), "1000 0000 d2040000 01000000"},
	{families.FreeBSD, families.Netlink(1234, 1), "0c26 0000 d2040000 01000000"},
	// The kernel, and a socket that is not bound.
	{families.Linux, families.Netlink(0, 0), "1000 0000 00000000 00000000"},
	// The highest port: a second socket of a process has such a port.
	{families.Linux, families.Netlink(1<<32-1, 1<<32-1), "1000 0000 ffffffff ffffffff"},
}

func TestNetlinkSockaddr(t *testing.T) { testSockaddrs(t, netlinkSockaddrs) } // item 192

func TestNetlinkShort(t *testing.T) {
	testShort(t, "netlink", map[*families.System]int{families.Linux: 12, families.FreeBSD: 12})
}

func TestNetlink(t *testing.T) { // item 192
	a := families.Netlink(4294967295, 0x80000000)
	if pid, groups := a.Netlink(); pid != 4294967295 || groups != 0x80000000 {
		t.Errorf("Netlink = %d, %#x", pid, groups)
	}
}

func TestNetlinkText(t *testing.T) {
	testTexts(t, []textTest{
		{"netlink:1234,0x1", families.Netlink(1234, 1), ""},
		{"netlink:0,0x0", families.Netlink(0, 0), ""},
		// Each number may be in either base.
		{"netlink:0x4d2,1", families.Netlink(1234, 1), "netlink:1234,0x1"},
		{"netlink:4294967295,0xffffffff", families.Netlink(1<<32-1, 1<<32-1), ""},
	})
	testTextErrors(t, []textErrorTest{
		{"netlink:", families.ErrSyntax},
		{"netlink:1", families.ErrSyntax},
		{"netlink:1,2,3", families.ErrSyntax},
		{"netlink:-1,0", families.ErrSyntax},
		{"netlink:4294967296,0", families.ErrSyntax},
		{"netlink:0x,0", families.ErrSyntax},
		{"netlink:1,0x1_0", families.ErrSyntax},
	})
}
