package families_test

import (
	"errors"
	"net/netip"
	"strings"
	"testing"

	"github.com/polluxio/pollux/families"
)

// An address says what it needs, and with that it can be encoded.
func TestUnresolved(t *testing.T) {
	resolve := map[families.Part]func(families.Addr) families.Addr{
		families.PartHost: func(a families.Addr) families.Addr {
			if a.Kind() == families.KindInet6 {
				return a.WithIP(netip.IPv6Loopback())
			}
			return a.WithIP(netip.MustParseAddr("127.0.0.1"))
		},
		families.PartInterface: func(a families.Addr) families.Addr { return a.WithScope(2) },
		families.PartControl:   func(a families.Addr) families.Addr { return a.WithSystemID(2) },
	}
	zoned := families.FromAddrPort(netip.MustParseAddrPort("[fe80::1%eth0]:80"))
	for _, test := range []struct {
		addr   families.Addr
		system *families.System
		part   families.Part
		name   string
	}{
		{families.Inet("127.0.0.1", 80), families.Linux, families.PartNone, ""},
		{families.Inet("", 80), families.Linux, families.PartNone, ""},
		{families.Inet("localhost", 80), families.Linux, families.PartHost, "localhost"},
		{families.Inet6("localhost", 80), families.Linux, families.PartHost, "localhost"},
		{zoned, families.Linux, families.PartInterface, "eth0"},
		{zoned.WithScope(2), families.Linux, families.PartNone, ""},
		{families.Packet("", 0), families.Linux, families.PartNone, ""},
		{families.Packet("eth0", 0), families.Linux, families.PartInterface, "eth0"},
		{families.PacketLL(strings.Repeat("x", 20), 0, 0, 0, nil), families.Linux, families.PartInterface, strings.Repeat("x", 15)},
		{families.CAN("can0"), families.Linux, families.PartInterface, "can0"},
		{families.CAN("can0"), families.NetBSD, families.PartInterface, "can0"},
		{families.ISOTP("can0", 1, 2), families.Linux, families.PartInterface, "can0"},
		{families.J1939("can0", 1, 2, 3), families.Linux, families.PartInterface, "can0"},
		{families.SystemControl("utun"), families.Darwin, families.PartControl, "utun"},
		{families.Unix("localhost"), families.Linux, families.PartNone, ""},
	} {
		part, name := test.addr.Unresolved()
		if part != test.part || name != test.name {
			t.Errorf("%q: %d, %q, want %d, %q", test.addr, part, name, test.part, test.name)
		}
		var buf [families.MaxSockaddr]byte
		_, err := test.system.Encode(buf[:], test.addr)
		if (err != nil) != (part != families.PartNone) {
			t.Errorf("%q: Encode: %v", test.addr, err)
		}
		if part == families.PartNone {
			continue
		}
		full := resolve[part](test.addr)
		if left, _ := full.Unresolved(); left != families.PartNone {
			t.Errorf("%q resolved to %q still lacks part %d", test.addr, full, left)
		}
		if _, err := test.system.Encode(buf[:], full); err != nil {
			t.Errorf("%q resolved to %q: %v", test.addr, full, err)
		}
	}
}

// What breaks a rule is not looked up.
func TestUnresolvedOfBadAddresses(t *testing.T) {
	for _, a := range []families.Addr{
		{}, families.Inet("::1", 80), families.Inet6("127.0.0.1", 80), families.Inet("a\x00b", 80),
		families.Packet("a\x00b", 0), families.CAN(strings.Repeat("x", 16)), families.SystemControl(strings.Repeat("n", 97)),
		families.Raw(123, []byte{1}),
	} {
		if part, name := a.Unresolved(); part != families.PartNone || name != "" {
			t.Errorf("%#v: %d, %q", a, part, name)
		}
		var buf [families.MaxSockaddr]byte
		if _, err := families.Linux.Encode(buf[:], a); errors.Is(err, families.ErrHostUnresolved) || errors.Is(err, families.ErrZoneUnresolved) {
			t.Errorf("%#v: %v", a, err)
		}
	}
}
