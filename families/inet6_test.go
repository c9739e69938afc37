package families_test

import (
	"errors"
	"net/netip"
	"testing"

	"github.com/polluxio/pollux/families"
)

// inet6Sockaddrs is <netinet/in.h>:
//
//	struct sockaddr_in6 {
//		header; in_port_t sin6_port; uint32_t sin6_flowinfo; struct in6_addr sin6_addr; uint32_t sin6_scope_id;
//	};
var inet6Sockaddrs = []sockaddrTest{
	{families.Linux, families.Inet6Scoped("fe80::1", 80, 7, 2), "0a00 0050 00000007 fe800000000000000000000000000001 02000000"},
	{families.Windows, families.Inet6Scoped("fe80::1", 80, 7, 2), "1700 0050 00000007 fe800000000000000000000000000001 02000000"},
	{families.Darwin, families.Inet6Scoped("fe80::1", 80, 7, 2), "1c1e 0050 00000007 fe800000000000000000000000000001 02000000"},
	{families.FreeBSD, families.Inet6Scoped("fe80::1", 80, 7, 2), "1c1c 0050 00000007 fe800000000000000000000000000001 02000000"},
	{families.NetBSD, families.Inet6Scoped("fe80::1", 80, 7, 2), "1c18 0050 00000007 fe800000000000000000000000000001 02000000"},
	{families.OpenBSD, families.Inet6Scoped("fe80::1", 80, 7, 2), "1c18 0050 00000007 fe800000000000000000000000000001 02000000"},
	{families.DragonFly, families.Inet6Scoped("fe80::1", 80, 7, 2), "1c1c 0050 00000007 fe800000000000000000000000000001 02000000"},
	// The wildcard address: a socket that is not bound.
	{families.Linux, families.Inet6("", 0), "0a00 0000 00000000 00000000000000000000000000000000 00000000"},
	// IPv4 in IPv6 form: a peer of a server for both.
	{families.Linux, families.Inet6("::ffff:1.2.3.4", 80), "0a00 0050 00000000 00000000000000000000ffff01020304 00000000"},
	// The highest of all.
	{
		families.Linux, families.Inet6Scoped("ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", 65535, 1<<20-1, 1<<32-1),
		"0a00 ffff 000fffff ffffffffffffffffffffffffffffffff ffffffff",
	},
}

func TestInet6Sockaddr(t *testing.T) { testSockaddrs(t, inet6Sockaddrs) }

// The kernel may report a traffic class above the flow label.
func TestInet6TrafficClass(t *testing.T) {
	buf := make([]byte, families.MaxSockaddr)
	n, err := families.Host.Encode(buf, families.Inet6("::1", 80))
	if err != nil {
		t.Fatal(err)
	}
	copy(buf[4:], []byte{0x0f, 0xf0, 0x00, 0x07})
	a, err := families.Host.Decode(families.Host.FamilyOf(families.Inet6("", 0)), 0, buf[:n])
	if err != nil || a.FlowInfo() != 0x0ff00007 {
		t.Errorf("Decode = %q with flowinfo %#x, %v; want 0xff00007", a, a.FlowInfo(), err)
	}
	if _, err := families.Host.Encode(buf, a); !errors.Is(err, families.ErrFlowInfo) {
		t.Errorf("Encode: %v, want ErrFlowInfo", err)
	}
}

func TestInet6Host(t *testing.T) {
	for _, test := range []struct {
		host string
		want string // "" if it is a name
	}{
		{"", "::"},
		{"::1", "::1"},
		{"0:0:0:0:0:0:0:1", "::1"},
		{"FE80::1", "fe80::1"},
		{"::ffff:1.2.3.4", "::ffff:1.2.3.4"},
		// The scope within the host is lost, as in Python.
		{"fe80::1%2", "fe80::1"},
		// That of an interface is lost only when getaddrinfo has said that there is such an
		// interface.
		{"fe80::1%eth0", ""},
		{"localhost", ""},
		{"::g", ""},
		{"[::1]", ""},
		{"::1 ", ""},
	} {
		a := families.Inet6Scoped(test.host, 80, 7, 3)
		if a.NeedsHost() != (test.want == "") {
			t.Errorf("Inet6(%q).NeedsHost() = %v", test.host, a.NeedsHost())
			continue
		}
		want := test.want
		if want == "" {
			want = test.host
		}
		if a.Host() != want || a.Port() != 80 || a.FlowInfo() != 7 || a.ScopeID() != 3 || a.Network() != "inet6" || a.Zone() != "" {
			t.Errorf("Inet6(%q) is %s %q; want host %q", test.host, a.Network(), a, want)
		}
	}
}

func TestInet6Rules(t *testing.T) {
	for _, test := range []struct {
		name string
		addr families.Addr
		rule families.Rule
		text string // of the error
	}{
		{"a port too high", families.Inet6("::1", 70000), families.ErrPort, "port must be 0-65535 (got 70000)"},
		{"a port below 0", families.Inet6("::1", -1), families.ErrPort, "port must be 0-65535 (got -1)"},
		{"a flow label too high", families.Inet6Scoped("::1", 80, 1<<20, 0), families.ErrFlowInfo, "flowinfo must be 0-1048575 (got 1048576)"},
		{"IPv4", families.Inet6("127.0.0.1", 80), families.ErrHostFamily, `address family for hostname not supported (got "127.0.0.1")`},
		{"short IPv4", families.Inet6("127.1", 80), families.ErrHostFamily, `address family for hostname not supported (got "127.0.0.1")`},
		{"broadcast", families.Inet6("<broadcast>", 80), families.ErrFamilyMismatch, `address family mismatched (got "<broadcast>")`},
		{"broadcast in numbers", families.Inet6("255.255.255.255", 80), families.ErrFamilyMismatch, `address family mismatched (got "255.255.255.255")`},
		{"a NUL", families.Inet6("::1\x00", 80), families.ErrHostNUL, `host name must not contain null character (got "::1\x00")`},
		{"a name", families.Inet6("localhost", 80), families.ErrHostUnresolved, `host name is not resolved (got "localhost")`},
		{"a zone", families.FromAddrPort(netip.MustParseAddrPort("[fe80::1%eth0]:80")), families.ErrZoneUnresolved, `zone is not resolved (got "eth0")`},
		// The order is host, port, flow label.
		{"all wrong", families.Inet6Scoped("127.0.0.1", -1, 1<<20, 0), families.ErrHostFamily, `address family for hostname not supported (got "127.0.0.1")`},
		{"port and flow label wrong", families.Inet6Scoped("::1", -1, 1<<20, 0), families.ErrPort, "port must be 0-65535 (got -1)"},
	} {
		for _, sys := range allSystems {
			n, err := sys.Encode(make([]byte, families.MaxSockaddr), test.addr)
			var ae *families.AddrError
			if !errors.As(err, &ae) || !errors.Is(err, test.rule) || n != 0 || ae.Family != "inet6" {
				t.Errorf("%s, %s: Encode = %d, %v; want %v", test.name, sys, n, err, test.rule)
			} else if err.Error() != test.text {
				t.Errorf("%s: %q, want %q", test.name, err, test.text)
			}
		}
		if test.addr.NeedsHost() != (test.rule == families.ErrHostUnresolved) {
			t.Errorf("%s: NeedsHost = %v", test.name, test.addr.NeedsHost())
		}
	}
}

func TestInet6WithIP(t *testing.T) {
	name := families.Inet6Scoped("example.org", 80, 7, 3)
	for ip, want := range map[string]families.Addr{
		"::1":              families.Inet6Scoped("::1", 80, 7, 3),
		"fe80::1%eth0":     families.Inet6Scoped("fe80::1", 80, 7, 3), // the scope is that of the address
		"::ffff:127.0.0.1": families.Inet6Scoped("::ffff:127.0.0.1", 80, 7, 3),
		"127.0.0.1":        families.Inet6Scoped("127.0.0.1", 80, 7, 3), // of no use, and says so
	} {
		if got := name.WithIP(netip.MustParseAddr(ip)); got != want {
			t.Errorf("WithIP(%s) = %#v, want %#v", ip, got, want)
		}
	}
}

// A zone that names an interface waits for the index of that interface.
func TestInet6Zone(t *testing.T) {
	for _, zone := range []string{
		"eth0",
		"Ethernet adapter Local Area Connection", // Windows
		"]:80",                                   // what ends the brackets
		"a%b",
		"\xff",
		"4294967296", // a number, but not of 32 bits
		"-1",
	} {
		ap := netip.AddrPortFrom(netip.MustParseAddr("fe80::1").WithZone(zone), 80)
		a := families.FromAddrPort(ap)
		if a.Zone() != zone || a.Host() != "fe80::1" || a.ScopeID() != 0 || a.NeedsHost() {
			t.Errorf("%q: zone %q, host %q, scope %d", zone, a.Zone(), a.Host(), a.ScopeID())
		}
		if a.AddrPort() != ap {
			t.Errorf("%q: AddrPort = %v, want %v", zone, a.AddrPort(), ap)
		}
		checkText(t, a)
		if got, want := a.WithScope(5), families.Inet6Scoped("fe80::1", 80, 0, 5); got != want {
			t.Errorf("%q: WithScope(5) = %q, want %q", zone, got, want)
		}
	}
	a, err := families.Parse("[fe80::1%eth0]:80")
	if err != nil || a.Zone() != "eth0" || a.String() != "[fe80::1%eth0]:80" {
		t.Errorf("Parse = %q with zone %q, %v", a, a.Zone(), err)
	}
}
