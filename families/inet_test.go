package families_test

import (
	"errors"
	"net/netip"
	"testing"

	"github.com/polluxio/pollux/families"
)

// inetSockaddrs is <netinet/in.h>:
//
//	struct sockaddr_in { header; in_port_t sin_port; struct in_addr sin_addr; char sin_zero[8]; };
var inetSockaddrs = []sockaddrTest{
	{families.Linux, families.Inet("127.0.0.1", 80), "0200 0050 7f000001 0000000000000000"},
	{families.Windows, families.Inet("127.0.0.1", 80), "0200 0050 7f000001 0000000000000000"},
	{families.Darwin, families.Inet("127.0.0.1", 80), "1002 0050 7f000001 0000000000000000"},
	{families.FreeBSD, families.Inet("127.0.0.1", 80), "1002 0050 7f000001 0000000000000000"},
	{families.NetBSD, families.Inet("127.0.0.1", 80), "1002 0050 7f000001 0000000000000000"},
	{families.OpenBSD, families.Inet("127.0.0.1", 80), "1002 0050 7f000001 0000000000000000"},
	{families.DragonFly, families.Inet("127.0.0.1", 80), "1002 0050 7f000001 0000000000000000"},
	// The wildcard address and any port: a socket that is not bound.
	{families.Linux, families.Inet("", 0), "0200 0000 00000000 0000000000000000"},
	// The highest address and port.
	{families.Linux, families.Inet("<broadcast>", 65535), "0200 ffff ffffffff 0000000000000000"},
}

func TestInetSockaddr(t *testing.T) { testSockaddrs(t, inetSockaddrs) }

func TestInetHost(t *testing.T) {
	for _, test := range []struct {
		host string
		want string // "" if it is a name
	}{
		{"", "0.0.0.0"},
		{"127.0.0.1", "127.0.0.1"},
		{"<broadcast>", "255.255.255.255"},
		{"255.255.255.255", "255.255.255.255"},
		{"0.0.0.0", "0.0.0.0"},
		// The last part of inet_aton fills the remaining bytes.
		{"1", "0.0.0.1"},
		{"127.1", "127.0.0.1"},
		{"127.0.1", "127.0.0.1"},
		{"1.65535", "1.0.255.255"},
		{"4294967295", "255.255.255.255"},
		// Hexadecimal, octal.
		{"0x7f.1", "127.0.0.1"},
		{"0X7F000001", "127.0.0.1"},
		{"010.0.0.1", "8.0.0.1"},
		{"0.0.0.0377", "0.0.0.255"},
		// IPv4 in IPv6 form, as glibc accepts it.
		{"::ffff:127.0.0.1", "127.0.0.1"},
		// Names, even if they look nearly like a number.
		{"localhost", ""},
		{"127.0.0.1 ", ""},
		{" 127.0.0.1", ""},
		{"127.0.0.1.", ""},
		{"1.2.3.4.5", ""},
		{"256.0.0.1", ""},
		{"1.2.3.256", ""},
		{"1..2", ""},
		{".", ""},
		{"4294967296", ""},
		{"0x", ""},
		{"08", ""},
		{"0x1_0", ""},
		{"+1", ""},
		{"1e3", ""},
	} {
		a := families.Inet(test.host, 80)
		if a.NeedsHost() != (test.want == "") {
			t.Errorf("Inet(%q).NeedsHost() = %v", test.host, a.NeedsHost())
			continue
		}
		want := test.want
		if want == "" {
			want = test.host
		}
		if a.Host() != want || a.Port() != 80 || a.Network() != "inet" || a.Kind() != families.KindInet {
			t.Errorf("Inet(%q) is %s %q port %d; want host %q", test.host, a.Network(), a.Host(), a.Port(), want)
		}
	}
}

func TestInetRules(t *testing.T) {
	for _, test := range []struct {
		name string
		addr families.Addr
		rule families.Rule
		text string // the text of the error
	}{
		{"a port too high", families.Inet("127.0.0.1", 70000), families.ErrPort, "port must be 0-65535 (got 70000)"},
		{"a port below 0", families.Inet("127.0.0.1", -1), families.ErrPort, "port must be 0-65535 (got -1)"},
		{"IPv6", families.Inet("::1", 80), families.ErrHostFamily, `address family for hostname not supported (got "::1")`},
		{"IPv6 with a zone", families.Inet("fe80::1%eth0", 80), families.ErrHostFamily, `address family for hostname not supported (got "fe80::1%eth0")`},
		{"a NUL", families.Inet("a\x00b", 80), families.ErrHostNUL, `host name must not contain null character (got "a\x00b")`},
		{"a name", families.Inet("localhost", 80), families.ErrHostUnresolved, `host name is not resolved (got "localhost")`},
		// The error of the host comes before that of the port.
		{"both wrong", families.Inet("::1", -1), families.ErrHostFamily, `address family for hostname not supported (got "::1")`},
	} {
		for _, sys := range allSystems {
			n, err := sys.Encode(make([]byte, families.MaxSockaddr), test.addr)
			var ae *families.AddrError
			if !errors.As(err, &ae) || !errors.Is(err, test.rule) || n != 0 || ae.Family != "inet" {
				t.Errorf("%s, %s: Encode = %d, %v; want %v", test.name, sys, n, err, test.rule)
			} else if err.Error() != test.text {
				t.Errorf("%s: %q, want %q", test.name, err, test.text)
			}
		}
		if test.addr.AddrPort().IsValid() {
			t.Errorf("%s: has the AddrPort %s", test.name, test.addr.AddrPort())
		}
		if test.addr.NeedsHost() != (test.rule == families.ErrHostUnresolved) {
			t.Errorf("%s: NeedsHost = %v", test.name, test.addr.NeedsHost())
		}
	}
}

func TestInetBadPrints(t *testing.T) {
	for want, a := range map[string]families.Addr{
		"127.0.0.1:70000": families.Inet("127.0.0.1", 70000),
		"[::1]:80":        families.Inet("::1", 80),
		"a%00b:80":        families.Inet("a\x00b", 80),
	} {
		if got := a.String(); got != want {
			t.Errorf("%#v prints as %q, want %q", a, got, want)
		}
	}
}

func TestInetWithIP(t *testing.T) {
	name := families.Inet("localhost", 80)
	for ip, want := range map[string]families.Addr{
		"127.0.0.1":        families.Inet("127.0.0.1", 80),
		"::ffff:127.0.0.1": families.Inet("127.0.0.1", 80), // package net resolves to this form
		"::1":              families.Inet("::1", 80),       // an address that cannot be used: Encode returns an error
	} {
		if got := name.WithIP(netip.MustParseAddr(ip)); got != want {
			t.Errorf("WithIP(%s) = %#v, want %#v", ip, got, want)
		}
	}
	if got := name.WithIP(netip.Addr{}); got != name {
		t.Errorf("WithIP of no address = %q", got)
	}
	// A port out of range is reported after the name is resolved.
	a := families.Inet("localhost", 70000).WithIP(netip.MustParseAddr("127.0.0.1"))
	if _, err := families.Host.Encode(make([]byte, families.MaxSockaddr), a); !errors.Is(err, families.ErrPort) {
		t.Errorf("Encode: %v, want ErrPort", err)
	}
}
