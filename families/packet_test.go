package families_test

import (
	"bytes"
	"errors"
	"math"
	"strconv"
	"strings"
	"testing"

	"github.com/polluxio/pollux/families"
)

var intMax = math.MaxInt32 // of C

var mac = []byte{0x00, 0x11, 0x22, 0x33, 0x44, 0x55}

// packetSockaddrs is <linux/if_packet.h>:
//
//	struct sockaddr_ll {
//		header; __be16 sll_protocol; int sll_ifindex; unsigned short sll_hatype; unsigned char sll_pkttype, sll_halen, sll_addr[8];
//	};
var packetSockaddrs = []sockaddrTest{
	{families.Linux, families.Packet("", 0x0800), "1100 0800 00000000 0000 00 00 0000000000000000"},
	{families.Linux, families.Packet("", 3).WithScope(2), "1100 0003 02000000 0000 00 00 0000000000000000"},
	// A frame of Ethernet that went out: PACKET_OUTGOING, ARPHRD_ETHER.
	{families.Linux, families.PacketLL("", 0x88cc, 4, 1, mac).WithScope(2), "1100 88cc 02000000 0100 04 06 0011223344550000"},
	// The loopback interface, whose address is zeros: ARPHRD_LOOPBACK.
	{families.Linux, families.PacketLL("", 0x0800, 0, 772, make([]byte, 6)).WithScope(1), "1100 0800 01000000 0403 00 06 0000000000000000"},
	// An address of 8 bytes, and the highest of all.
	{
		families.Linux, families.PacketLL("", 65535, 255, 65535, bytes.Repeat([]byte{255}, 8)).WithScope(1<<32 - 1),
		"1100 ffff ffffffff ffff ff 08 ffffffffffffffff",
	},
}

func TestPacketSockaddr(t *testing.T) { testSockaddrs(t, packetSockaddrs) } // items 193, 194

func TestPacketShort(t *testing.T) {
	onlyLittleEndian(t)
	testShort(t, "packet", map[*families.System]int{families.Linux: 12})
	// The address of the hardware has to be there.
	src := unhex(t, "1100 0800 00000000 0000 00 06 0011223344")
	if _, err := families.Linux.Decode(17, 0, src); !errors.Is(err, families.ErrShort) {
		t.Errorf("Decode(%x): %v, want ErrShort", src, err)
	}
	if a, err := families.Linux.Decode(17, 0, append(src, 0x55)); err != nil || a != families.PacketLL("", 0x800, 0, 0, mac) {
		t.Errorf("Decode of the length that getsockname has = %q, %v", a, err)
	}
}

// InfiniBand has hardware addresses of 20 bytes. They can be read, not written.
func TestPacketLongHardware(t *testing.T) { // item 194
	onlyLittleEndian(t)
	long := bytes.Repeat([]byte{7}, 20)
	src := append(unhex(t, "1100 0800 00000000 2000 00 14"), long...)
	a, err := families.Linux.Decode(17, 0, src)
	if err != nil || a != families.PacketLL("", 0x800, 0, 32, long) {
		t.Errorf("Decode = %q, %v", a, err)
	}
	if _, _, hatype, got := a.Packet(); !bytes.Equal(got, long) || hatype != 32 {
		t.Errorf("Packet = %d, %x", hatype, got)
	}
	checkText(t, a)
	a = families.PacketLL("ib0", 0x800, 0, 32, long)
	if a.Zone() != "ib0" {
		t.Errorf("Zone = %q", a.Zone())
	}
	a = a.WithScope(3)
	if _, _, _, got := a.Packet(); !bytes.Equal(got, long) || a.ScopeID() != 3 || a.Zone() != "" {
		t.Errorf("with its index: %q", a)
	}
}

func TestPacket(t *testing.T) { // items 193, 194
	a := families.PacketLL("eth0", 0x88cc, 4, 1, mac)
	proto, pkttype, hatype, hardware := a.Packet()
	if proto != 0x88cc || pkttype != 4 || hatype != 1 || !bytes.Equal(hardware, mac) {
		t.Errorf("Packet = %#x, %d, %d, %x", proto, pkttype, hatype, hardware)
	}
	if name, index := a.Interface(); name != "eth0" || index != 0 || a.Zone() != "eth0" {
		t.Errorf("Interface = %q, %d; Zone %q", name, index, a.Zone())
	}
	b := a.WithScope(7)
	if name, index := b.Interface(); name != "" || index != 7 || b.Zone() != "" || b.ScopeID() != 7 {
		t.Errorf("with its index: Interface = %q, %d; Zone %q, ScopeID %d", name, index, b.Zone(), b.ScopeID())
	}
	if b != families.PacketLL("", 0x88cc, 4, 1, mac).WithScope(7) {
		t.Errorf("with its index it is %#v", b)
	}
	if _, _, _, hardware := families.Packet("", 0).Packet(); hardware != nil {
		t.Errorf("no hardware address is %x", hardware)
	}
	// The kinds are taken modulo their widths.
	if a := families.PacketLL("", 0, -1, 1<<16+1, nil); a != families.PacketLL("", 0, 255, 1, nil) {
		t.Errorf("kinds beyond their fields: %q", a)
	}
	// Of a long name C would take the beginning.
	if zone := families.Packet("interface-with-a-long-name", 0).Zone(); zone != "interface-with-" {
		t.Errorf("Zone = %q", zone)
	}
}

func TestPacketRules(t *testing.T) { // item 193
	long := make([]byte, 9)
	linux := families.Linux
	tests := []ruleTest{
		{"a protocol too high", linux, families.Packet("", 65536), families.ErrPacketProto, "proto must be 0-65535 (got 65536)"},
		{"a protocol below 0", linux, families.Packet("", -1), families.ErrPacketProto, "proto must be 0-65535 (got -1)"},
		{"a hardware address too long", linux, families.PacketLL("", 0, 0, 0, long), families.ErrPacketAddr, "Hardware address must be 8 bytes or less (got 9 bytes)"},
		{"a name", linux, families.Packet("eth0", 0), families.ErrZoneUnresolved, `zone is not resolved (got "eth0")`},
		{"a NUL", linux, families.Packet("eth0\x00", 0), families.ErrNUL, `embedded null character (got "eth0\x00")`},
		// The order is name, hardware address, protocol.
		{"all wrong", linux, families.PacketLL("eth0", -1, 0, 0, long), families.ErrZoneUnresolved, `zone is not resolved (got "eth0")`},
		{"hardware address and protocol wrong", linux, families.PacketLL("", -1, 0, 0, long), families.ErrPacketAddr, "Hardware address must be 8 bytes or less (got 9 bytes)"},
	}
	if strconv.IntSize == 64 {
		beyond := intMax + 1
		text := "address argument out of range (got 2147483648)"
		tests = append(tests,
			ruleTest{"a protocol that is no int", linux, families.Packet("eth0", beyond), families.ErrPacketRange, text},
			ruleTest{"a packet type that is no int", linux, families.PacketLL("eth0", 0, beyond, 0, long), families.ErrPacketRange, text},
			ruleTest{"a hardware type that is no int", linux, families.PacketLL("eth0", 0, 0, beyond, nil), families.ErrPacketRange, text},
		)
		// The error comes before the interface is looked for.
		if zone := families.Packet("eth0", beyond).Zone(); zone != "" {
			t.Errorf("Zone = %q", zone)
		}
	}
	testRules(t, tests)
}

func TestPacketText(t *testing.T) {
	testTexts(t, []textTest{
		{"packet:eth0,0x800", families.Packet("eth0", 0x800), ""},
		{"packet:#2,0x3", families.Packet("", 3).WithScope(2), ""},
		// All interfaces.
		{"packet:#0,0x0", families.Packet("", 0), ""},
		{"packet:,2048", families.Packet("", 2048), "packet:#0,0x800"},
		{"packet:eth0,0x88cc,4,1,00:11:22:33:44:55", families.PacketLL("eth0", 0x88cc, 4, 1, mac), ""},
		{"packet:#2,0x88cc,4,1,00:11:22:33:44:55", families.PacketLL("", 0x88cc, 4, 1, mac).WithScope(2), ""},
		{"packet:eth0,0x1,0,1,", families.PacketLL("eth0", 1, 0, 1, nil), ""},
		// Names of bytes that the syntax has a use for.
		{"packet:a%2cb%3ac%23,0x1", families.Packet("a,b:c#", 1), ""},
		{"packet:%231,0x1", families.Packet("#1", 1), ""},
		// A number is a name too.
		{"packet:2,0x1", families.Packet("2", 1), ""},
	})
	testTextErrors(t, []textErrorTest{
		{"packet:eth0", families.ErrSyntax},
		{"packet:eth0,http", families.ErrSyntax},
		{"packet:#x,1", families.ErrSyntax},
		{"packet:#4294967296,1", families.ErrSyntax},
		{"packet:eth0,65536", families.ErrPacketProto},
		{"packet:eth0,0xffffffffffff", families.ErrPacketProto},
		{"packet:eth0,-1", families.ErrSyntax},
		{"packet:eth0,1,0", families.ErrSyntax},
		{"packet:eth0,1,256,0,", families.ErrSyntax},
		{"packet:eth0,1,0,65536,", families.ErrSyntax},
		{"packet:eth0,1,0,1,0:11", families.ErrSyntax},
		{"packet:eth0,1,0,1,0011", families.ErrSyntax},
		{"packet:eth0,1,0,1,00:11,", families.ErrSyntax},
		{"packet:eth0,1,0,1,00:11:22:33:44:55:66:77:88", families.ErrPacketAddr},
		{"packet:eth%000,1", families.ErrNUL},
		{"packet:" + strings.Repeat(",", 10), families.ErrSyntax},
	})
}
