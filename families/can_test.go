package families_test

import (
	"strings"
	"testing"

	"github.com/polluxio/pollux/families"
)

// canSockaddrs is <linux/can.h>, <netcan/can.h> on NetBSD, whose can_addr has 8 bytes:
//
//	struct sockaddr_can { header; 2 bytes of padding; int can_ifindex; union { ... } can_addr; }; // 16 bytes
var canSockaddrs = []sockaddrTest{
	{families.Linux, families.CAN("").WithScope(3), "1d00 0000 03000000" + zeros(16)},
	{families.NetBSD, families.CAN("").WithScope(3), "1023 0000 03000000" + zeros(8)},
	// All interfaces, and the last.
	{families.Linux, families.CAN(""), "1d00 0000 00000000" + zeros(16)},
	{families.Linux, families.CAN("").WithScope(1<<31 - 1), "1d00 0000 ffffff7f" + zeros(16)},
}

// isotpSockaddrs has a struct { canid_t rx_id, tx_id; } for can_addr, j1939Sockaddrs a struct {
// __u64 name; __u32 pgn; __u8 addr; }.
var isotpSockaddrs = []sockaddrTest{
	{families.Linux, families.ISOTP("", 0x123, 0x456).WithScope(3), "1d00 0000 03000000 23010000 56040000" + zeros(8)},
	// Identifiers of 29 bits have CAN_EFF_FLAG.
	{families.Linux, families.ISOTP("", 0x98da01f1, 0x98daf101).WithScope(3), "1d00 0000 03000000 f101da98 01f1da98" + zeros(8)},
	{families.Linux, families.ISOTP("", 0, 0), "1d00 0000 00000000" + zeros(16)},
}

var j1939Sockaddrs = []sockaddrTest{
	{families.Linux, families.J1939("", 0x0102030405060708, 0x12300, 0x20).WithScope(3), "1d00 0000 03000000 0807060504030201 00230100 20 000000"},
	// J1939_NO_NAME, J1939_NO_PGN, J1939_NO_ADDR.
	{families.Linux, families.J1939("", 0, 0x40000, 0xff).WithScope(3), "1d00 0000 03000000 0000000000000000 00000400 ff 000000"},
	{families.Linux, families.J1939("", 1<<64-1, 1<<32-1, 255), "1d00 0000 00000000 ffffffffffffffff ffffffff ff 000000"},
}

func TestCANSockaddr(t *testing.T)   { testSockaddrs(t, canSockaddrs) }   // item 199
func TestISOTPSockaddr(t *testing.T) { testSockaddrs(t, isotpSockaddrs) } // item 200
func TestJ1939Sockaddr(t *testing.T) { testSockaddrs(t, j1939Sockaddrs) } // item 201

// Of each protocol the kernel reports what it needs.
func TestCANShort(t *testing.T) {
	testShort(t, "can", map[*families.System]int{families.Linux: 8, families.NetBSD: 8})
	testShort(t, "isotp", map[*families.System]int{families.Linux: 16})
	testShort(t, "j1939", map[*families.System]int{families.Linux: 21})
}

func TestCAN(t *testing.T) { // items 199, 200, 201
	for _, a := range []families.Addr{
		families.CAN("can0"), families.ISOTP("can0", 1, 2), families.J1939("can0", 1, 2, 3),
	} {
		if name, index := a.Interface(); name != "can0" || index != 0 || a.Zone() != "can0" || a.ScopeID() != 0 {
			t.Errorf("%q: Interface = %q, %d; Zone %q", a, name, index, a.Zone())
		}
		b := a.WithScope(7)
		if name, index := b.Interface(); name != "" || index != 7 || b.Zone() != "" || b.ScopeID() != 7 {
			t.Errorf("%q with its index: Interface = %q, %d; Zone %q", b, name, index, b.Zone())
		}
		if b.Kind() != a.Kind() || b.WithScope(8).ScopeID() != 8 {
			t.Errorf("%q with its index: %#v", b, b)
		}
	}
	if a := families.CAN(""); a.Zone() != "" || a.IsZero() {
		t.Error("all interfaces have no name to look for, and are an address")
	}
	if rx, tx := families.ISOTP("can0", 0x80000001, 2).ISOTP(); rx != 0x80000001 || tx != 2 {
		t.Errorf("ISOTP = %#x, %#x", rx, tx)
	}
	if name, pgn, addr := families.J1939("can0", 1<<64-1, 1<<32-1, 255).J1939(); name != 1<<64-1 || pgn != 1<<32-1 || addr != 255 {
		t.Errorf("J1939 = %#x, %#x, %#x", name, pgn, addr)
	}
}

func TestCANRules(t *testing.T) { // item 199
	name15, name16 := strings.Repeat("n", 15), strings.Repeat("n", 16)
	for name, at := range map[string]func(ifname string) families.Addr{
		"can":   families.CAN,
		"isotp": func(ifname string) families.Addr { return families.ISOTP(ifname, 1, 2) },
		"j1939": func(ifname string) families.Addr { return families.J1939(ifname, 1, 2, 3) },
	} {
		testRules(t, []ruleTest{
			{name + " name", families.Linux, at("can0"), families.ErrZoneUnresolved, `zone is not resolved (got "can0")`},
			{name + " of 15", families.Linux, at(name15), families.ErrZoneUnresolved, `zone is not resolved (got "` + name15 + `")`},
			{name + " of 16", families.Linux, at(name16), families.ErrCANInterface, `AF_CAN interface name too long (got "` + name16 + `")`},
			{name + " with NUL", families.Linux, at("can\x000"), families.ErrNUL, `embedded null character (got "can\x000")`},
		})
		// What breaks a rule is not looked for, and no index makes it good.
		for _, ifname := range []string{name16, "can\x000"} {
			if a := at(ifname); a.Zone() != "" || a.WithScope(1) != a {
				t.Errorf("%s: %q: Zone %q", name, ifname, a.Zone())
			}
		}
	}
}

func TestCANText(t *testing.T) {
	testTexts(t, []textTest{
		{"can:can0", families.CAN("can0"), ""},
		{"can:#3", families.CAN("").WithScope(3), ""},
		{"can:#0", families.CAN(""), ""},
		{"can:", families.CAN(""), "can:#0"},
		// A name that is a number, and one that is like an index.
		{"can:3", families.CAN("3"), ""},
		{"can:%233", families.CAN("#3"), ""},
		{"can:can%3a", families.CAN("can:"), ""},
		{"isotp:can0,0x123,0x456", families.ISOTP("can0", 0x123, 0x456), ""},
		{"isotp:#3,1,4294967295", families.ISOTP("", 1, 1<<32-1).WithScope(3), "isotp:#3,0x1,0xffffffff"},
		{"j1939:can0,0x0,0x12300,0x20", families.J1939("can0", 0, 0x12300, 0x20), ""},
		{"j1939:#3,0xffffffffffffffff,0x40000,0xff", families.J1939("", 1<<64-1, 0x40000, 255).WithScope(3), ""},
	})
	testTextErrors(t, []textErrorTest{
		{"can:can0,1", families.ErrSyntax},
		{"can:#", families.ErrSyntax},
		{"can:#-1", families.ErrSyntax},
		{"can:" + strings.Repeat("n", 16), families.ErrCANInterface},
		{"can:a%00", families.ErrNUL},
		{"isotp:can0", families.ErrSyntax},
		{"isotp:can0,1", families.ErrSyntax},
		{"isotp:can0,1,2,3", families.ErrSyntax},
		{"isotp:can0,1,0x100000000", families.ErrSyntax},
		{"isotp:" + strings.Repeat("n", 16) + ",1,2", families.ErrCANInterface},
		{"j1939:can0,1,2", families.ErrSyntax},
		{"j1939:can0,1,2,256", families.ErrSyntax},
		{"j1939:can0,1,2,3,4", families.ErrSyntax},
	})
}
