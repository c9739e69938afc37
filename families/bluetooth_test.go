package families_test

import (
	"errors"
	"testing"

	"github.com/polluxio/pollux/families"
)

const device = "00:1A:7D:DA:71:13"

// The sockaddrs of Linux are <bluetooth/l2cap.h>, <bluetooth/rfcomm.h>, <bluetooth/hci.h> and
// <bluetooth/sco.h>, those of FreeBSD <netgraph/bluetooth/include/ng_btsocket.h>. A bdaddr_t has 6
// bytes, the last number of the text first. NetBSD and DragonFly have for all protocols
// <netbt/bluetooth.h>:
//
//	struct sockaddr_bt { header; bdaddr_t bt_bdaddr; uint16_t bt_psm; uint8_t bt_channel; uint8_t bt_zero[5]; };

// struct sockaddr_l2 { header; unsigned short l2_psm; bdaddr_t l2_bdaddr; unsigned short l2_cid;
// uint8_t l2_bdaddr_type; };
var l2capSockaddrs = []sockaddrTest{
	{families.Linux, families.L2CAP(device, 0x1001, 4, 1), "1f00 0110 1371da7d1a00 0400 01 00"},
	{families.FreeBSD, families.L2CAP(device, 0x1001, 4, 1), "0e24 0110 1371da7d1a00 0400 01 00"},
	{families.NetBSD, families.L2CAP(device, 0x1001, 4, 0), "101f 1371da7d1a00 0110 04 0000000000"},
	{families.DragonFly, families.L2CAP(device, 0x1001, 4, 0), "1021 1371da7d1a00 0110 04 0000000000"},
	// BDADDR_ANY, and the highest of all.
	{families.Linux, families.L2CAP("00:00:00:00:00:00", 0, 0, 0), "1f00 0000 000000000000 0000 00 00"},
	{families.Linux, families.L2CAP("FF:FF:FF:FF:FF:FF", 65535, 65535, 255), "1f00 ffff ffffffffffff ffff ff 00"},
}

// struct sockaddr_rc { header; bdaddr_t rc_bdaddr; uint8_t rc_channel; }; on Linux with a byte of
// padding. On Windows <ws2bth.h>:
//
//	typedef struct _SOCKADDR_BTH { header; BTH_ADDR btAddr; GUID serviceClassId; ULONG port; } SOCKADDR_BTH; // packed
var rfcommSockaddrs = []sockaddrTest{
	{families.Linux, families.RFCOMM(device, 3), "1f00 1371da7d1a00 03 00"},
	{families.FreeBSD, families.RFCOMM(device, 3), "0924 1371da7d1a00 03"},
	{families.NetBSD, families.RFCOMM(device, 3), "101f 1371da7d1a00 0000 03 0000000000"},
	{families.DragonFly, families.RFCOMM(device, 3), "1021 1371da7d1a00 0000 03 0000000000"},
	{families.Windows, families.RFCOMM(device, 3), "2000 1371da7d1a000000" + zeros(16) + "03000000"},
	{families.Windows, families.RFCOMM(device, 1<<32-1), "2000 1371da7d1a000000" + zeros(16) + "ffffffff"}, // BT_PORT_ANY
	{families.Linux, families.RFCOMM(device, 255), "1f00 1371da7d1a00 ff 00"},
}

// Linux: struct sockaddr_hci { header; unsigned short hci_dev, hci_channel; }; FreeBSD: struct
// sockaddr_hci { header; char hci_node[32]; };
var hciSockaddrs = []sockaddrTest{
	{families.Linux, families.HCI(0, 0), "1f00 0000 0000"},
	{families.Linux, families.HCI(1, 3), "1f00 0100 0300"},
	{families.Linux, families.HCI(65535, 65535), "1f00 ffff ffff"}, // HCI_DEV_NONE
	{families.FreeBSD, families.HCINode("ubt0hci"), "2224 75627430686369" + zeros(25)},
	{families.FreeBSD, families.HCINode("12345678901234567890123456789012"), "2224 3132333435363738393031323334353637383930313233343536373839303132"},
	{families.FreeBSD, families.HCINode(""), "2224" + zeros(32)},
	{families.NetBSD, families.HCIBdaddr(device), "101f 1371da7d1a00" + zeros(8)},
	{families.DragonFly, families.HCIBdaddr(device), "1021 1371da7d1a00" + zeros(8)},
}

// struct sockaddr_sco { header; bdaddr_t sco_bdaddr; };
var scoSockaddrs = []sockaddrTest{
	{families.Linux, families.SCO(device), "1f00 1371da7d1a00"},
	{families.FreeBSD, families.SCO(device), "0824 1371da7d1a00"},
	{families.NetBSD, families.SCO(device), "101f 1371da7d1a00" + zeros(8)},
	{families.DragonFly, families.SCO(device), "1021 1371da7d1a00" + zeros(8)},
}

func TestL2CAPSockaddr(t *testing.T)  { testSockaddrs(t, l2capSockaddrs) }  // items 206, 207
func TestRFCOMMSockaddr(t *testing.T) { testSockaddrs(t, rfcommSockaddrs) } // item 208
func TestHCISockaddr(t *testing.T)    { testSockaddrs(t, hciSockaddrs) }    // items 209, 210
func TestSCOSockaddr(t *testing.T)    { testSockaddrs(t, scoSockaddrs) }    // item 211

func TestBluetoothShort(t *testing.T) {
	linux, freebsd, netbsd, dragonfly, windows := families.Linux, families.FreeBSD, families.NetBSD, families.DragonFly, families.Windows
	// That of L2CAP had neither cid nor type once.
	testShort(t, "l2cap", map[*families.System]int{linux: 10, freebsd: 10, netbsd: 11, dragonfly: 11})
	testShort(t, "rfcomm", map[*families.System]int{linux: 9, freebsd: 9, netbsd: 11, dragonfly: 11, windows: 30})
	// A node's name may end anywhere.
	testShort(t, "hci", map[*families.System]int{linux: 6, freebsd: 2, netbsd: 8, dragonfly: 8})
	testShort(t, "sco", map[*families.System]int{linux: 8, freebsd: 8, netbsd: 8, dragonfly: 8})

	src := unhex(t, "0a24 0110 1371da7d1a00")
	if a, err := families.FreeBSD.Decode(36, 135, src); err != nil || a != families.L2CAP(device, 0x1001, 0, 0) {
		t.Errorf("Decode(%x) = %q, %v", src, a, err)
	}
}

func TestBdaddr(t *testing.T) { // item 205
	for _, test := range []struct {
		text string
		want string // "" if it is bad
	}{
		{device, device},
		{"00:1a:7d:da:71:13", device},
		{"0:1A:7D:DA:71:13", device},
		{"000:01A:7D:DA:71:13", device},
		{"0:0:0:0:0:0", "00:00:00:00:00:00"},
		{"ff:FF:fF:Ff:ff:ff", "FF:FF:FF:FF:FF:FF"},
		// A number too high, signed, missing; one too many, one too few; a blank, a word.
		{"100:1A:7D:DA:71:13", ""},
		{"-1:1A:7D:DA:71:13", ""},
		{":1A:7D:DA:71:13", ""},
		{"00:1A:7D:DA:71:", ""},
		{"00:1A:7D:DA:71:13:00", ""},
		{"00:1A:7D:DA:71", ""},
		{"00:1A:7D:DA:71:13 ", ""},
		{"00-1A-7D-DA-71-13", ""},
		{"001A7DDA7113", ""},
		{"00:1A:7D:DA:71:1G", ""},
		{"", ""},
		{"localhost", ""},
	} {
		want := test.want
		if want == "" {
			want = test.text
		}
		for _, at := range []struct {
			addr families.Addr
			sys  *families.System
		}{
			{families.L2CAP(test.text, 1, 0, 0), families.Linux},
			{families.RFCOMM(test.text, 1), families.Windows},
			{families.SCO(test.text), families.FreeBSD},
			{families.HCIBdaddr(test.text), families.NetBSD},
		} {
			if got := at.addr.Bdaddr(); got != want {
				t.Errorf("%s: Bdaddr of %q = %q, want %q", at.addr.Network(), test.text, got, want)
			}
			_, err := at.sys.Encode(make([]byte, families.MaxSockaddr), at.addr)
			if test.want != "" && err != nil || test.want == "" && !errors.Is(err, families.ErrBluetoothAddr) {
				t.Errorf("%s of %q: %v", at.addr.Network(), test.text, err)
			}
		}
	}
	for _, a := range []families.Addr{families.HCI(0, 0), families.HCINode("ubt0hci")} {
		if a.Bdaddr() != "" {
			t.Errorf("Bdaddr of %q = %q", a, a.Bdaddr())
		}
	}
}

func TestBluetooth(t *testing.T) { // items 207, 208, 209, 210, 211
	if bdaddr, psm, cid, typ := families.L2CAP("0:1a:7d:da:71:13", 0x1001, 4, 1).L2CAP(); bdaddr != device || psm != 0x1001 || cid != 4 || typ != 1 {
		t.Errorf("L2CAP = %q, %#x, %d, %d", bdaddr, psm, cid, typ)
	}
	if bdaddr, channel := families.RFCOMM(device, 3).RFCOMM(); bdaddr != device || channel != 3 {
		t.Errorf("RFCOMM = %q, %d", bdaddr, channel)
	}
	if dev, channel := families.HCI(1, 3).HCI(); dev != 1 || channel != 3 || families.HCI(1, 3).HCINode() != "" {
		t.Errorf("HCI = %d, %d", dev, channel)
	}
	a := families.HCINode("ubt0hci")
	if dev, channel := a.HCI(); dev != 0 || channel != 0 || a.HCINode() != "ubt0hci" {
		t.Errorf("HCI of a node = %d, %d; HCINode %q", dev, channel, a.HCINode())
	}
	if families.HCI(0, 0) == families.HCINode("") || families.HCI(0, 0) == families.HCIBdaddr("0:0:0:0:0:0") {
		t.Error("the forms of HCI addresses are different addresses")
	}
}

func TestBluetoothRules(t *testing.T) { // items 205, 206, 208, 210, 211
	linux, freebsd, netbsd := families.Linux, families.FreeBSD, families.NetBSD
	testRules(t, []ruleTest{
		{"l2cap", linux, families.L2CAP("x", 1, 0, 0), families.ErrBluetoothAddr, `bad bluetooth address (got "x")`},
		{"l2cap, a NUL", linux, families.L2CAP(device+"\x00", 1, 0, 0), families.ErrBluetoothFormat, `wrong format (got "00:1A:7D:DA:71:13\x00")`},
		{"l2cap, a type that there is no room for", netbsd, families.L2CAP(device, 1, 0, 1), families.ErrBluetoothFormat, "wrong format (got address type 1)"},
		{"rfcomm", linux, families.RFCOMM("x", 1), families.ErrBluetoothAddr, `bad bluetooth address (got "x")`},
		{"rfcomm, a NUL", linux, families.RFCOMM("\x00", 1), families.ErrBluetoothFormat, `wrong format (got "\x00")`},
		{"sco", linux, families.SCO("x"), families.ErrBluetoothAddr, `bad bluetooth address (got "x")`},
		{"sco, a NUL", linux, families.SCO("x\x00"), families.ErrNUL, `embedded null character (got "x\x00")`},
		// Each system has its own form of HCI addresses.
		{"hci, a node on Linux", linux, families.HCINode("ubt0hci"), families.ErrBluetoothFormat, `wrong format (got "ubt0hci")`},
		{"hci, a device on Linux", linux, families.HCIBdaddr(device), families.ErrBluetoothFormat, `wrong format (got "00:1A:7D:DA:71:13")`},
		{"hci, a bad device on Linux", linux, families.HCIBdaddr("x:"), families.ErrBluetoothFormat, `wrong format (got "x:")`},
		{"hci, a number on FreeBSD", freebsd, families.HCI(0, 0), families.ErrBluetoothFormat, `wrong format (got "0")`},
		{"hci, a number on NetBSD", netbsd, families.HCI(0, 1), families.ErrBluetoothFormat, `wrong format (got "0,1")`},
		{"hci, a bad device", netbsd, families.HCIBdaddr("x"), families.ErrBluetoothAddr, `bad bluetooth address (got "x")`},
		{"hci, a node of 33 bytes", freebsd, families.HCINode("123456789012345678901234567890123"), families.ErrHCINode, "node name too long (got 33 bytes)"},
		{"hci, a NUL", freebsd, families.HCINode("ubt\x00"), families.ErrNUL, `embedded null character (got "ubt\x00")`},
	})
}

// Numbers beyond a field are taken modulo its width.
func TestBluetoothModulo(t *testing.T) { // items 206, 208
	buf := make([]byte, families.MaxSockaddr)
	for _, test := range []struct {
		sys        *families.System
		addr, want families.Addr
	}{
		{families.Linux, families.RFCOMM(device, 259), families.RFCOMM(device, 3)},
		{families.Windows, families.RFCOMM(device, 259), families.RFCOMM(device, 259)},
		{families.NetBSD, families.L2CAP(device, 1, 260, 0), families.L2CAP(device, 1, 4, 0)},
		{families.Linux, families.L2CAP(device, 1, 260, 0), families.L2CAP(device, 1, 260, 0)},
	} {
		n, err := test.sys.Encode(buf, test.addr)
		if err != nil {
			t.Error(err)
			continue
		}
		if a, err := test.sys.Decode(test.sys.FamilyOf(test.addr), protocolOf(test.sys, test.addr), buf[:n]); err != nil || a != test.want {
			t.Errorf("%s: %q is read as %q, %v; want %q", test.sys, test.addr, a, err, test.want)
		}
	}
}

func TestBluetoothText(t *testing.T) {
	testTexts(t, []textTest{
		{"l2cap:00:1A:7D:DA:71:13,25", families.L2CAP(device, 25, 0, 0), ""},
		{"l2cap:00:1a:7d:da:71:13,0x1001", families.L2CAP(device, 0x1001, 0, 0), "l2cap:00:1A:7D:DA:71:13,4097"},
		{"l2cap:00:1A:7D:DA:71:13,0,4", families.L2CAP(device, 0, 4, 0), ""},
		{"l2cap:00:1A:7D:DA:71:13,0,4,1", families.L2CAP(device, 0, 4, 1), ""},
		{"l2cap:00:1A:7D:DA:71:13,0,0,1", families.L2CAP(device, 0, 0, 1), ""},
		{"rfcomm:00:1A:7D:DA:71:13,3", families.RFCOMM(device, 3), ""},
		{"rfcomm:00:1A:7D:DA:71:13,4294967295", families.RFCOMM(device, 1<<32-1), ""},
		{"sco:00:1A:7D:DA:71:13", families.SCO(device), ""},
		{"hci:0", families.HCI(0, 0), ""},
		{"hci:0,1", families.HCI(0, 1), ""},
		{"hci:65535,3", families.HCI(65535, 3), ""},
		{"hci:1,0", families.HCI(1, 0), "hci:1"},
		{"hci:ubt0hci", families.HCINode("ubt0hci"), ""},
		{"hci:AA:1A:7D:DA:71:13", families.HCIBdaddr("aa:1a:7d:da:71:13"), ""},
		// Names of nodes that are like something else.
		{"hci:node 0", families.HCINode("0"), ""},
		{"hci:node ", families.HCINode(""), ""},
		{"hci:node%201", families.HCINode("node 1"), ""},
		{"hci:a%3ab%2cc", families.HCINode("a:b,c"), ""},
		{"hci:node x", families.HCINode("x"), "hci:x"},
	})
	testTextErrors(t, []textErrorTest{
		{"l2cap:00:1A:7D:DA:71:13", families.ErrSyntax},
		{"l2cap:00:1A:7D:DA:71,1", families.ErrBluetoothAddr},
		{"l2cap:00:1A:7D:DA:71:13%00,1", families.ErrBluetoothFormat},
		{"l2cap:00:1A:7D:DA:71:13,65536", families.ErrSyntax},
		{"l2cap:00:1A:7D:DA:71:13,1,65536", families.ErrSyntax},
		{"l2cap:00:1A:7D:DA:71:13,1,2,256", families.ErrSyntax},
		{"l2cap:00:1A:7D:DA:71:13,1,2,3,4", families.ErrSyntax},
		{"rfcomm:00:1A:7D:DA:71:13", families.ErrSyntax},
		{"rfcomm:x,1", families.ErrBluetoothAddr},
		{"rfcomm:00:1A:7D:DA:71:13,4294967296", families.ErrSyntax},
		{"sco:x", families.ErrBluetoothAddr},
		{"sco:%00", families.ErrNUL},
		{"hci:", families.ErrSyntax},
		{"hci:65536", families.ErrSyntax},
		{"hci:0,65536", families.ErrSyntax},
		{"hci:0,1,2", families.ErrSyntax},
		{"hci:ubt,1", families.ErrSyntax},
		{"hci:x:", families.ErrBluetoothAddr},
		{"hci:123456789012345678901234567890123", families.ErrSyntax},
		{"hci:u23456789012345678901234567890123", families.ErrHCINode},
		{"hci:u%00", families.ErrNUL},
	})
}
