package families_test

import (
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/polluxio/pollux/families"
)

// Which system has which format, for which family and protocol. The numbers are AF_* of
// <linux/socket.h>, <sys/socket.h>, <ws2def.h> and <hvsocket.h>; CAN_* of <linux/can.h>; BTPROTO_*
// of the headers of bluetooth.go; HV_PROTOCOL_RAW; and SYSPROTO_CONTROL of <sys/sys_domain.h>.
// Protocol 0 is any, but for Bluetooth, where it is L2CAP on Linux.
func TestFormats(t *testing.T) {
	want := map[*families.System][]string{
		families.Linux: {
			"1:0 unix", "2:0 inet", "10:0 inet6", "16:0 netlink", "17:0 packet", "21:0 rds",
			"29:1 can", "29:6 isotp", "29:7 j1939", "30:0 tipc", "31:0 l2cap", "31:1 hci", "31:2 sco", "31:3 rfcomm",
			"38:0 alg", "40:0 vsock", "42:0 qipcrtr",
		},
		families.Darwin:    {"1:0 unix", "2:0 inet", "18:0 link", "30:0 inet6", "32:2 system", "40:0 vsock"},
		families.FreeBSD:   {"1:0 unix", "2:0 inet", "18:0 link", "28:0 inet6", "36:134 hci", "36:135 l2cap", "36:136 rfcomm", "36:137 sco", "38:0 netlink", "44:0 divert"},
		families.NetBSD:    {"1:0 unix", "2:0 inet", "18:0 link", "24:0 inet6", "31:1 hci", "31:2 l2cap", "31:3 rfcomm", "31:4 sco", "35:1 can"},
		families.OpenBSD:   {"1:0 unix", "2:0 inet", "18:0 link", "24:0 inet6"},
		families.DragonFly: {"1:0 unix", "2:0 inet", "18:0 link", "28:0 inet6", "33:1 hci", "33:2 l2cap", "33:3 rfcomm", "33:4 sco"},
		families.Windows:   {"1:0 unix", "2:0 inet", "23:0 inet6", "32:3 rfcomm", "34:1 hyperv"},
	}
	got := make(map[*families.System][]string)
	for _, f := range allFormats {
		got[f.sys] = append(got[f.sys], fmt.Sprintf("%d:%d %s", f.family, f.protocol, f.Name()))
	}
	for _, sys := range allSystems {
		if !slices.Equal(got[sys], want[sys]) {
			t.Errorf("%s has the formats %q, want %q", sys, got[sys], want[sys])
		}
	}
}

// All protocols of a family have its name, and those that share a format share it.
func TestProtocols(t *testing.T) { // items 199, 208, 210
	for _, test := range []struct {
		sys              *families.System
		family, protocol int
		name, format     string // format "" for none
	}{
		{families.Linux, 29, 1, "can", "can"}, // CAN_RAW
		{families.Linux, 29, 2, "can", "can"}, // CAN_BCM
		{families.Linux, 29, 6, "can", "isotp"},
		{families.Linux, 29, 7, "can", "j1939"},
		{families.Linux, 29, 0, "can", ""},
		{families.Linux, 29, 3, "can", ""}, // CAN_TP16
		{families.NetBSD, 35, 1, "can", "can"},
		{families.NetBSD, 35, 2, "can", ""},
		{families.NetBSD, 35, 6, "can", ""},
		{families.Linux, 31, 0, "bluetooth", "l2cap"},
		{families.Linux, 31, 4, "bluetooth", ""}, // BTPROTO_BNEP
		{families.FreeBSD, 36, 0, "bluetooth", ""},
		{families.Windows, 32, 3, "bluetooth", "rfcomm"},
		{families.Windows, 32, 0x100, "bluetooth", ""}, // BTHPROTO_L2CAP
		{families.OpenBSD, 32, 1, "family 32", ""},
		{families.Windows, 34, 1, "hyperv", "hyperv"},
		{families.Windows, 34, 0, "hyperv", ""},
		{families.Darwin, 32, 2, "system", "system"},
		{families.Darwin, 32, 1, "system", ""}, // SYSPROTO_EVENT
		{families.Linux, 16, 15, "netlink", "netlink"},
		{families.Linux, 17, 0x0300, "packet", "packet"},
	} {
		if got := test.sys.Name(test.family); got != test.name {
			t.Errorf("%s: Name(%d) = %q, want %q", test.sys, test.family, got, test.name)
		}
		f, ok := test.sys.Lookup(test.family, test.protocol)
		if ok != (test.format != "") || ok && f.Name() != test.format {
			t.Errorf("%s: Lookup(%d, %d) = %v, %v; want %q", test.sys, test.family, test.protocol, f, ok, test.format)
		}
		if err := test.sys.NoFormat(test.family, test.protocol); (err == nil) != ok {
			t.Errorf("%s: NoFormat(%d, %d) = %v", test.sys, test.family, test.protocol, err)
		}
	}
}

func TestNoFormat(t *testing.T) { // items 176, 202, 212, 215
	for _, test := range []struct {
		sys              *families.System
		family, protocol int
		rule             families.Rule
		text             string
	}{
		{families.Linux, 99, 0, families.ErrBadFamily, "bad family (got family 99)"},
		{families.OpenBSD, 32, 1, families.ErrBadFamily, "bad family (got family 32)"},
		{families.Linux, 29, 3, families.ErrCANProtocol, "unsupported CAN protocol (got 3)"},
		{families.Linux, 31, 5, families.ErrBluetoothProtocol, "unknown Bluetooth protocol (got 5)"},
		{families.Windows, 34, 0, families.ErrHyperVProtocol, "unsupported AF_HYPERV protocol (got 0)"},
		{families.Darwin, 32, 1, families.ErrSystemProtocol, "unsupported PF_SYSTEM protocol (got 1)"},
	} {
		err := test.sys.NoFormat(test.family, test.protocol)
		var ae *families.AddrError
		if !errors.As(err, &ae) || !errors.Is(err, test.rule) || err.Error() != test.text || ae.Family != test.sys.Name(test.family) {
			t.Errorf("%s: NoFormat(%d, %d) = %v, want %q", test.sys, test.family, test.protocol, err, test.text)
		}
	}
}

// What a socket of a protocol without a format reports.
func TestDecodeUnknownProtocol(t *testing.T) { // items 177, 199, 212
	onlyLittleEndian(t)
	for _, test := range []struct {
		name     string
		sys      *families.System
		family   int
		protocol int
		hex      string
		want     families.Addr
		rule     families.Rule
	}{
		{"Bluetooth", families.Linux, 31, 5, "1f00 1371da7d1a00", families.Addr{}, families.ErrBluetoothProtocol},
		{"Bluetooth, of no bytes", families.Linux, 31, 5, "", families.Addr{}, ""},
		// Of CAN there is the interface, which all protocols have.
		{"CAN", families.Linux, 29, 3, "1d00 0000 03000000" + zeros(16), families.CAN("").WithScope(3), ""},
		{"Hyper-V", families.Windows, 34, 0, "2200 0000" + zeros(32), families.HyperV(hvZero, hvZero), ""},
		// The family of a socket says nothing of an address of another.
		{"Bluetooth, of inet", families.Linux, 31, 5, "0200 0050 7f000001 0000000000000000", families.Inet("127.0.0.1", 80), ""},
		{"inet, of CAN", families.Linux, 2, 6, "1d00 0000 03000000", families.CAN("").WithScope(3), ""},
		{"of no family", families.Linux, 31, 5, "6300 01", families.Raw(99, []byte{1}), ""},
	} {
		a, err := test.sys.Decode(test.family, test.protocol, unhex(t, test.hex))
		if a != test.want || test.rule == "" && err != nil || test.rule != "" && !errors.Is(err, test.rule) {
			t.Errorf("%s: Decode = %q, %v; want %q, %v", test.name, a, err, test.want, test.rule)
		}
	}
}

// What one format asks for, an address of another has not: CAN's protocols are different formats.
func TestFormatMismatch(t *testing.T) {
	for _, f := range allFormats {
		for _, test := range allSockaddrs {
			if test.sys != f.sys || test.addr.Network() == f.Name() {
				continue
			}
			n, err := f.Encode(make([]byte, families.MaxSockaddr), test.addr)
			if inet := f.Name() == "rds" || f.Name() == "divert"; inet && test.addr.Kind() == families.KindInet {
				continue
			}
			if !errors.Is(err, families.ErrFamilyMismatch) || n != 0 {
				t.Errorf("%s: %s takes %q: %d, %v", f.sys, f.Name(), test.addr, n, err)
			}
		}
	}
}
