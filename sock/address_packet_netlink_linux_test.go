package sock_test

import (
	"errors"
	"net"
	"strconv"
	"syscall"
	"testing"

	"github.com/polluxio/pollux/families"
	"github.com/polluxio/pollux/sock"
	"github.com/polluxio/pollux/sock/netlink"
	"github.com/polluxio/pollux/sock/socktest"
)

const ethAll = 0x0003 // ETH_P_ALL, <linux/if_ether.h>

// packetSocket returns a socket that receives nothing until it is bound.
func packetSocket(t testing.TB, typ sock.Type) *sock.Socket {
	t.Helper()
	s, err := sock.New(sock.AF_PACKET, typ, 0)
	if errors.Is(err, syscall.EPERM) {
		t.Skipf("%v: run this with CAP_NET_RAW", err)
	}
	socktest.Must(t, err)
	socktest.Must(t, s.SetTimeout(socktest.Patience))
	return socktest.Closing(t, s)
}

// If an AF_PACKET address breaks several rules, the error is the one that Python reports first.
func TestPacketAddressRules(t *testing.T) { // item 193
	socktest.Check(t)
	s := packetSocket(t, sock.SOCK_RAW)
	long := make([]byte, 9)
	beyond := 1 << (strconv.IntSize - 2)
	for _, test := range []struct {
		name string
		addr sock.Addr
		want error
	}{
		{"an int beyond a C int", sock.Packet("nosuch0", beyond), families.ErrPacketRange},
		{"no such interface", sock.PacketLL("nosuch0", -1, 0, 0, long), syscall.ENODEV},
		{"no such interface, by a name that is too long", sock.Packet("a name that is too long", 3), syscall.ENODEV},
		{"a name that counts up to its 15th byte", sock.Packet("lo", 3), nil},
		{"a hardware address that is too long", sock.PacketLL("lo", -1, 0, 0, long), families.ErrPacketAddr},
		{"a protocol that is too big", sock.Packet("lo", 1<<16), families.ErrPacketProto},
		{"another family", sock.Inet("127.0.0.1", 1), families.ErrFamilyMismatch},
	} {
		if strconv.IntSize == 32 && test.want == families.ErrPacketRange {
			continue // an int is a C int
		}
		err := s.Bind(test.addr)
		var op *net.OpError
		if test.want == nil && err == nil {
			continue
		}
		if !errors.Is(err, test.want) || !errors.As(err, &op) || op.Op != "bind" {
			t.Errorf("%s: %v, want %v", test.name, err, test.want)
		}
	}
	u := socktest.UDP.New(t)
	if err := u.Bind(sock.Packet("nosuch0", 3)); !errors.Is(err, families.ErrFamilyMismatch) {
		t.Errorf("on another family: %v", err)
	}
}

// The kernel reports the index of the interface; InterfaceOf returns the name, as in Python.
func TestPacketNames(t *testing.T) { // items 194, 238
	socktest.Check(t)
	proto, err := sock.Htons(ethAll)
	socktest.Must(t, err)
	s, err := sock.New(sock.AF_PACKET, sock.SOCK_RAW, sock.Protocol(proto))
	if errors.Is(err, syscall.EPERM) {
		t.Skipf("%v: run this with CAP_NET_RAW", err)
	}
	socktest.Must(t, err)
	defer s.Close()
	a := socktest.Name(t, s)
	proto, pkttype, hatype, hardware := a.Packet()
	if s.InterfaceOf(a) != "" || proto != ethAll || pkttype != 0 || hatype != 0 || len(hardware) != 0 {
		t.Errorf("unbound it is %v", a)
	}
	socktest.Must(t, s.Bind(sock.Packet("lo", ethAll)))
	a = socktest.Name(t, s)
	proto, pkttype, hatype, hardware = a.Packet()
	if s.InterfaceOf(a) != "lo" || proto != ethAll || pkttype != 0 || hatype != 772 || string(hardware) != "\x00\x00\x00\x00\x00\x00" {
		t.Errorf("bound it is %v", a)
	}
	if s.InterfaceOf(a.WithScope(1<<30)) != "" {
		t.Error("an interface that is not there has a name")
	}
}

func netlinkSocket(t testing.TB) *sock.Socket {
	t.Helper()
	s, err := sock.New(sock.AF_NETLINK, sock.SOCK_RAW, 0)
	socktest.Must(t, err)
	socktest.Must(t, s.SetTimeout(socktest.Patience))
	return socktest.Closing(t, s)
}

// A socket has its own pid and groups, and its peer is the kernel.
func TestNetlinkNames(t *testing.T) { // items 192, 239
	socktest.Check(t)
	s := netlinkSocket(t)
	if a, err := s.Getpeername(); err != nil || a != sock.Netlink(0, 0) {
		t.Errorf("the peer is %v, %v", a, err)
	}
	socktest.Must(t, s.Bind(sock.Netlink(0, netlink.RTMGRP_LINK|1<<31)))
	pid, groups := socktest.Name(t, s).Netlink()
	if pid == 0 || groups != netlink.RTMGRP_LINK|1<<31 {
		t.Errorf("bound: pid %d, groups %#x", pid, groups)
	}
	if err := s.Bind(sock.Netlink(pid+1, 0)); !errors.Is(err, syscall.EINVAL) {
		t.Errorf("with another pid: %v", err)
	}
}

// The errno of an unknown interface is not a result of ConnectEx.
func TestConnectExNoInterface(t *testing.T) { // item 56
	socktest.Check(t)
	s, err := sock.Adopt(socktest.UDP.New(t).Detach(), sock.AF_PACKET, sock.SOCK_RAW, 0) // the kernel requires a privilege to make one
	socktest.Must(t, err)
	defer s.Close()
	to := families.Packet("nosuch", 3)
	if errno, err := s.ConnectEx(to); errno != 0 || !errors.Is(err, syscall.ENODEV) {
		t.Errorf("ConnectEx: %v, %v; want 0, ENODEV", errno, err)
	}
	if err := s.Connect(to); !errors.Is(err, syscall.ENODEV) {
		t.Errorf("Connect: %v; want ENODEV", err)
	}
}
