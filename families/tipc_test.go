package families_test

import (
	"errors"
	"testing"

	"github.com/polluxio/pollux/families"
)

// tipcSockaddrs is <linux/tipc.h>:
//
//	struct sockaddr_tipc {
//		header; unsigned char addrtype; signed char scope;
//		union { {__u32 ref, node;} id; {__u32 type, lower, upper;} nameseq; {{__u32 type, instance;} name; __u32 domain;} name; } addr;
//	};
var tipcSockaddrs = []sockaddrTest{
	{families.Linux, families.TIPCNameseq(18888, 0, 100), "1e00 01 02 c8490000 00000000 64000000"},
	{families.Linux, families.TIPCName(18888, 17, 0), "1e00 02 02 c8490000 11000000 00000000"},
	{families.Linux, families.TIPCName(18888, 17, 0x01001001), "1e00 02 02 c8490000 11000000 01100001"},
	// A node and the number of a socket. The sockaddr has them in the other order.
	{families.Linux, families.TIPCID(0x01001001, 5), "1e00 03 00 05000000 01100001 00000000"},
	// This node only; and the end of a binding: TIPC_NODE_SCOPE.
	{families.Linux, families.TIPC(1, 1, 2, 3, 3), "1e00 01 03 01000000 02000000 03000000"},
	{families.Linux, families.TIPC(1, 1, 2, 3, -3), "1e00 01 fd 01000000 02000000 03000000"},
	{families.Linux, families.TIPC(2, 1<<32-1, 1<<32-1, 0, 0), "1e00 02 00 ffffffff ffffffff 00000000"},
}

func TestTIPCSockaddr(t *testing.T) { testSockaddrs(t, tipcSockaddrs) } // items 197, 198

func TestTIPC(t *testing.T) { // items 197, 198
	for _, test := range []struct {
		name           string
		addr           families.Addr
		addrType       uint8
		v1, v2, v3     uint32
		scope          int8
		domain         uint32
		withoutHelpers families.Addr
	}{
		{"nameseq", families.TIPCNameseq(18888, 1, 100), 1, 18888, 1, 100, 2, 0, families.TIPC(1, 18888, 1, 100, 2)},
		{"name", families.TIPCName(18888, 17, 0), 2, 18888, 17, 17, 2, 0, families.TIPC(2, 18888, 17, 99, 2)}, // v3 is ignored, and repeats v2
		{"name in a domain", families.TIPCName(18888, 17, 5), 2, 18888, 17, 17, 2, 5, families.TIPCName(18888, 17, 5)},
		{"id", families.TIPCID(7, 8), 3, 7, 8, 0, 0, 0, families.TIPC(3, 7, 8, 99, 0)},
		{"node scope", families.TIPC(1, 1, 2, 3, 3), 1, 1, 2, 3, 3, 0, families.TIPC(1, 1, 2, 3, 3)},
	} {
		addrType, v1, v2, v3, scope := test.addr.TIPC()
		if addrType != test.addrType || v1 != test.v1 || v2 != test.v2 || v3 != test.v3 || scope != test.scope {
			t.Errorf("%s: TIPC = %d, %d, %d, %d, %d", test.name, addrType, v1, v2, v3, scope)
		}
		if test.addr.TIPCDomain() != test.domain {
			t.Errorf("%s: TIPCDomain = %d, want %d", test.name, test.addr.TIPCDomain(), test.domain)
		}
		if test.addr != test.withoutHelpers {
			t.Errorf("%s: %q is not %q", test.name, test.addr, test.withoutHelpers)
		}
	}
}

// The kernel reports the sender of a message in a group with its name in the group.
func TestTIPCMember(t *testing.T) {
	onlyLittleEndian(t)
	src := unhex(t, "1e00 03 00 05000000 01100001 00000000  1e00 02 00 c8490000 11000000 00000000")
	a, err := families.Linux.Decode(30, 0, src)
	if err != nil {
		t.Fatal(err)
	}
	if typ, instance := a.TIPCMember(); typ != 18888 || instance != 17 {
		t.Errorf("TIPCMember = %d, %d", typ, instance)
	}
	if addrType, node, ref, v3, scope := a.TIPC(); addrType != 3 || node != 0x01001001 || ref != 5 || v3 != 0 || scope != 0 {
		t.Errorf("TIPC = %d, %#x, %d, %d, %d", addrType, node, ref, v3, scope)
	}
	checkText(t, a)
	checkEncode(t, families.Linux, a)
	for _, a := range []families.Addr{families.TIPCID(1, 2), families.TIPCName(1, 2, 3), families.TIPCNameseq(1, 2, 3)} {
		if typ, instance := a.TIPCMember(); typ != 0 || instance != 0 {
			t.Errorf("%q: TIPCMember = %d, %d", a, typ, instance)
		}
	}
}

func TestTIPCRules(t *testing.T) { // items 197, 198
	onlyLittleEndian(t)
	testRules(t, []ruleTest{
		{"type 0", families.Linux, families.TIPC(0, 1, 2, 3, 2), families.ErrTIPCType, "Invalid address type (got 0)"},
		{"type 4", families.Linux, families.TIPC(4, 1, 2, 3, 2), families.ErrTIPCType, "Invalid address type (got 4)"},
	})
	src := unhex(t, "1e00 04 02 00000000 00000000 00000000")
	if a, err := families.Linux.Decode(30, 0, src); !errors.Is(err, families.ErrTIPCType) || !a.IsZero() {
		t.Errorf("Decode(%x) = %q, %v; want ErrTIPCType", src, a, err)
	}
	src[2] = 3
	for n := 2; n < len(src); n++ {
		if _, err := families.Linux.Decode(30, 0, src[:n]); !errors.Is(err, families.ErrShort) {
			t.Errorf("Decode(%x): %v, want ErrShort", src[:n], err)
		}
	}
}

func TestTIPCText(t *testing.T) {
	testTexts(t, []textTest{
		{"tipc:nameseq:18888,0,100", families.TIPCNameseq(18888, 0, 100), ""},
		{"tipc:name:18888,17", families.TIPCName(18888, 17, 0), ""},
		{"tipc:name:18888,17,5", families.TIPCName(18888, 17, 5), ""},
		{"tipc:id:0x1001001,5", families.TIPCID(0x1001001, 5), ""},
		{"tipc:id:1,2", families.TIPCID(1, 2), "tipc:id:0x1,2"},
		{"tipc:id:0x1,2?scope=2", families.TIPC(3, 1, 2, 0, 2), ""},
		{"tipc:id:0x1,2?scope=0", families.TIPCID(1, 2), "tipc:id:0x1,2"},
		{"tipc:nameseq:1,2,3?scope=3", families.TIPC(1, 1, 2, 3, 3), ""},
		{"tipc:nameseq:1,2,3?scope=-3", families.TIPC(1, 1, 2, 3, -3), ""},
		{"tipc:nameseq:1,2,3?scope=2", families.TIPCNameseq(1, 2, 3), "tipc:nameseq:1,2,3"},
	})
	testTextErrors(t, []textErrorTest{
		{"tipc:1,2", families.ErrTIPCType},
		{"tipc:port:1,2", families.ErrTIPCType},
		{"tipc:name:1", families.ErrSyntax},
		{"tipc:name:1,2,3,4", families.ErrSyntax},
		{"tipc:nameseq:1,2", families.ErrSyntax},
		{"tipc:id:1,2,3", families.ErrSyntax},
		{"tipc:id:1,2,3,4,5", families.ErrSyntax},
		{"tipc:id:1,4294967296", families.ErrSyntax},
		{"tipc:id:1,2?scope=128", families.ErrSyntax},
		{"tipc:id:1,2?scope=", families.ErrSyntax},
		{"tipc:id:1,2?domain=1", families.ErrSyntax},
	})
}
