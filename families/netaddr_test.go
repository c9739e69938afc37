package families_test

import (
	"errors"
	"net"
	"net/netip"
	"testing"

	"github.com/polluxio/pollux/families"
)

func TestFromNet(t *testing.T) {
	for _, test := range []struct {
		name string
		na   net.Addr
		want families.Addr
	}{
		{"tcp", &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 80}, families.Inet("127.0.0.1", 80)},
		{"udp", &net.UDPAddr{IP: net.IP{127, 0, 0, 1}, Port: 80}, families.Inet("127.0.0.1", 80)},
		{"ip", &net.IPAddr{IP: net.IPv6loopback}, families.Inet6("::1", 0)},
		{"no ip", &net.TCPAddr{Port: 80}, families.Inet("", 80)},
		{"the index of an interface", &net.TCPAddr{IP: net.ParseIP("fe80::1"), Port: 80, Zone: "2"}, families.Inet6Scoped("fe80::1", 80, 0, 2)},
		{"a zone of inet", &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 80, Zone: "eth0"}, families.Inet("127.0.0.1", 80)},
		{"a port out of range", &net.TCPAddr{IP: net.IPv6loopback, Port: 70000}, families.Inet6("::1", 70000)},
		{"a path", &net.UnixAddr{Name: "/x", Net: "unix"}, families.Unix("/x")},
		{"an abstract name", &net.UnixAddr{Name: "@x", Net: "unix"}, families.Unix("\x00x")},
		{"not bound", &net.UnixAddr{Name: "@", Net: "unix"}, families.Unix("")},
		{"ours", families.Unix("/x"), families.Unix("/x")},
		{"our zero", families.Addr{}, families.Addr{}},
	} {
		if a, err := families.FromNet(test.na); err != nil || a != test.want {
			t.Errorf("%s: FromNet = %q, %v; want %q", test.name, a, err, test.want)
		}
	}
	a, err := families.FromNet(&net.UDPAddr{IP: net.ParseIP("fe80::1"), Zone: "eth0"})
	if err != nil || a.Zone() != "eth0" {
		t.Errorf("the name of an interface: %q with zone %q, %v", a, a.Zone(), err)
	}
	for _, na := range []net.Addr{
		nil, (*net.TCPAddr)(nil), (*net.UDPAddr)(nil), (*net.IPAddr)(nil), (*net.UnixAddr)(nil),
		&net.IPNet{}, &net.TCPAddr{IP: net.IP{1, 2, 3}},
	} {
		if a, err := families.FromNet(na); !errors.Is(err, families.ErrSyntax) {
			t.Errorf("FromNet(%#v) = %q, %v; want ErrSyntax", na, a, err)
		}
	}
}

func TestNetAddr(t *testing.T) {
	for _, test := range []struct {
		network string
		addr    families.Addr
		net     string // its Network and String, if package net has one
		string  string
	}{
		{"tcp", families.Inet("127.0.0.1", 80), "tcp", "127.0.0.1:80"},
		{"mptcp", families.Inet("127.0.0.1", 80), "tcp", "127.0.0.1:80"},
		{"udp6", families.Inet6Scoped("fe80::1", 80, 0, 2), "udp", "[fe80::1%2]:80"},
		{"ip4:icmp", families.Inet("127.0.0.1", 0), "ip", "127.0.0.1"},
		{"unixgram", families.Unix("/x"), "unixgram", "/x"},
		{"unix", families.Unix("\x00x"), "unix", "@x"},
	} {
		na := test.addr.NetAddr(test.network)
		if _, ours := na.(families.Addr); ours || na.Network() != test.net || na.String() != test.string {
			t.Errorf("NetAddr(%q) of %q = %T %s %s", test.network, test.addr, na, na.Network(), na)
		}
		if back, err := families.FromNet(na); err != nil || back != test.addr {
			t.Errorf("NetAddr(%q) of %q is read as %q, %v", test.network, test.addr, back, err)
		}
	}
	for _, test := range []struct {
		network string
		addr    families.Addr
	}{
		{"tcp", families.Inet("localhost", 80)},
		{"tcp", families.Inet("::1", 80)},
		{"tcp", families.Unix("/x")},
		{"unix", families.Inet("127.0.0.1", 80)},
		{"vsock", families.Inet("127.0.0.1", 80)},
		{"tcp", families.Raw(99, nil)},
		{"tcp", families.Addr{}},
	} {
		if na := test.addr.NetAddr(test.network); na != test.addr {
			t.Errorf("NetAddr(%q) of %q = %T, want the Addr itself", test.network, test.addr, na)
		}
	}
}

func TestFromAddrPort(t *testing.T) {
	for text, want := range map[string]families.Addr{
		"127.0.0.1:80":        families.Inet("127.0.0.1", 80),
		"[::1]:80":            families.Inet6("::1", 80),
		"[::ffff:1.2.3.4]:80": families.Inet6("::ffff:1.2.3.4", 80),
		"[fe80::1%2]:80":      families.Inet6Scoped("fe80::1", 80, 0, 2),
	} {
		ap := netip.MustParseAddrPort(text)
		a := families.FromAddrPort(ap)
		if a != want || a.AddrPort() != ap {
			t.Errorf("FromAddrPort(%s) = %q, and back %s", ap, a, a.AddrPort())
		}
	}
	if a := families.FromAddrPort(netip.AddrPortFrom(netip.Addr{}, 80)); !a.IsZero() {
		t.Errorf("FromAddrPort of no address = %q", a)
	}
}
