package families_test

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"github.com/polluxio/pollux/families"
)

// linkSockaddrs is <net/if_dl.h>:
//
//	struct sockaddr_dl {
//		header; u_short sdl_index; u_char sdl_type, sdl_nlen, sdl_alen, sdl_slen; char sdl_data[12]; // or more
//	};
var linkSockaddrs = []sockaddrTest{
	{families.Darwin, families.Link("en0", 4, 6, mac), "1412 0400 06 03 06 00 656e30 001122334455 000000"},
	{families.NetBSD, families.Link("wm0", 1, 6, mac), "1412 0100 06 03 06 00 776d30 001122334455 000000"},
	{families.OpenBSD, families.Link("em0", 1, 6, mac), "2012 0100 06 03 06 00 656d30 001122334455" + zeros(15)},
	{families.FreeBSD, families.Link("em0", 1, 6, mac), "3612 0100 06 03 06 00 656d30 001122334455" + zeros(37)},
	{families.DragonFly, families.Link("em0", 1, 6, mac), "3612 0100 06 03 06 00 656d30 001122334455" + zeros(37)},
	// A name alone, an index alone, and nothing.
	{families.Darwin, families.Link("lo0", 0, 0, nil), "1412 0000 00 03 00 00 6c6f30" + zeros(9)},
	{families.Darwin, families.Link("", 65535, 255, nil), "1412 ffff ff 00 00 00" + zeros(12)},
	{families.Darwin, families.Link("", 0, 0, nil), "1412 0000 00 00 00 00" + zeros(12)},
	// A hardware address of 8 bytes, that of FireWire, and one of 20, that of InfiniBand, with more
	// of a name than there is room for.
	{families.Darwin, families.Link("fw0", 3, 144, []byte("12345678")), "1412 0300 90 03 08 00 667730 3132333435363738 00"},
	{
		families.Darwin, families.Link("bridge-7", 3, 199, []byte("12345678901234567890")),
		"2412 0300 c7 08 14 00 6272696467652d37 3132333435363738393031323334353637383930",
	},
}

func TestLinkSockaddr(t *testing.T) { testSockaddrs(t, linkSockaddrs) }

func TestLinkShort(t *testing.T) {
	onlyLittleEndian(t)
	want := make(map[*families.System]int)
	for _, sys := range allSystems {
		want[sys] = 8
	}
	testShort(t, "link", want)
	src := unhex(t, "1412 0400 06 03 06 00 656e30 0011223344")
	if _, err := families.Darwin.Decode(18, 0, src); !errors.Is(err, families.ErrShort) {
		t.Errorf("Decode(%x): %v, want ErrShort", src, err)
	}
	// The kernel may report no more than there is.
	if a, err := families.Darwin.Decode(18, 0, append(src, 0x55)); err != nil || a != families.Link("en0", 4, 6, mac) {
		t.Errorf("Decode(%x) = %q, %v", src, a, err)
	}
}

func TestLink(t *testing.T) {
	for _, hardware := range [][]byte{nil, mac, []byte("12345678"), []byte("123456789")} {
		a := families.Link("em0", 4, 6, hardware)
		typ, got := a.Link()
		if name, index := a.Interface(); name != "em0" || index != 4 || typ != 6 || !bytes.Equal(got, hardware) {
			t.Errorf("%q: Interface = %q, %d; Link = %d, %x", a, name, index, typ, got)
		}
		if a.Zone() != "" || a.ScopeID() != 4 || a.WithScope(9) != a {
			t.Errorf("%q: Zone %q, ScopeID %d", a, a.Zone(), a.ScopeID())
		}
	}
}

func TestLinkRules(t *testing.T) {
	name := strings.Repeat("n", 114)
	testRules(t, []ruleTest{
		{"together", families.Darwin, families.Link(name, 0, 0, make([]byte, 7)), families.ErrLink, "link-layer address too long (got 121 bytes)"},
		{"the name", families.Darwin, families.Link(name+name+name, 0, 0, nil), families.ErrLink, "link-layer address too long (got 342 bytes)"},
	})
	checkEncode(t, families.Darwin, families.Link(name, 0, 0, mac))
	if _, err := families.Darwin.Decode(18, 0, append(unhex(t, "ff12 0000 00 79 00 00"), make([]byte, 121)...)); !errors.Is(err, families.ErrLink) {
		t.Errorf("a name of 121 bytes: %v, want ErrLink", err)
	}
}

func TestLinkText(t *testing.T) {
	testTexts(t, []textTest{
		{"link:em0,2,6,00:11:22:33:44:55", families.Link("em0", 2, 6, mac), ""},
		{"link:lo0,1,24,", families.Link("lo0", 1, 24, nil), ""},
		{"link:,0,0,", families.Link("", 0, 0, nil), ""},
		{"link:a%2cb%00,1,24,ff", families.Link("a,b\x00", 1, 24, []byte{255}), ""},
	})
	testTextErrors(t, []textErrorTest{
		{"link:em0", families.ErrSyntax},
		{"link:em0,2,6", families.ErrSyntax},
		{"link:em0,65536,6,", families.ErrSyntax},
		{"link:em0,2,256,", families.ErrSyntax},
		{"link:em0,2,6,00:11:2", families.ErrSyntax},
		{"link:em0,2,6,00,", families.ErrSyntax},
		{"link:" + strings.Repeat("n", 121) + ",2,6,", families.ErrLink},
	})
}
