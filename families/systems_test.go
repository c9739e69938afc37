package families_test

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/polluxio/pollux/families"
)

var allSystems = []*families.System{
	families.Linux, families.Darwin, families.FreeBSD, families.NetBSD,
	families.OpenBSD, families.DragonFly, families.Windows,
}

// unhex reads the bytes of a corpus, in which spaces separate the fields.
func unhex(t testing.TB, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(strings.ReplaceAll(s, " ", ""))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// A sockaddrTest is an address and its bytes. On Linux and Windows those of the family and the
// scope are in the order of the host: the corpora have them as on amd64.
type sockaddrTest struct {
	sys  *families.System
	addr families.Addr
	hex  string
}

// onlyLittleEndian is for tests of bytes that are in the order of the host.
func onlyLittleEndian(t *testing.T) {
	t.Helper()
	if binary.NativeEndian.Uint16([]byte{1, 0}) != 1 {
		t.Skip("the corpus is of little-endian machines; the fuzz targets check this one")
	}
}

func testSockaddrs(t *testing.T, corpus []sockaddrTest) {
	t.Helper()
	onlyLittleEndian(t)
	for _, test := range corpus {
		want := unhex(t, test.hex)
		got := bytes.Repeat([]byte{0xee}, families.MaxSockaddr) // what was there before must not show
		n, err := test.sys.Encode(got, test.addr)
		if err != nil || !bytes.Equal(got[:n], want) {
			t.Errorf("%s: Encode(%q) = %x, %v; want %x", test.sys, test.addr, got[:n], err, want)
		}
		a, err := test.sys.Decode(test.sys.FamilyOf(test.addr), protocolOf(test.sys, test.addr), want)
		if err != nil || a != test.addr {
			t.Errorf("%s: Decode(%x) = %q, %v; want %q", test.sys, want, a, err, test.addr)
		}
	}
}

// checkEncode checks that bytes we write are read as what they were written for, and that an error
// has its type.
func checkEncode(t *testing.T, sys *families.System, a families.Addr) {
	t.Helper()
	buf := bytes.Repeat([]byte{0xee}, families.MaxSockaddr)
	n, err := sys.Encode(buf, a)
	if err != nil {
		var ae *families.AddrError
		if !errors.As(err, &ae) || n != 0 {
			t.Fatalf("%s: Encode(%q) = %d, %v", sys, a, n, err)
		}
		return
	}
	b, err := sys.Decode(sys.FamilyOf(a), protocolOf(sys, a), buf[:n])
	a = keptBy(sys, a)
	switch path := a.Path(); {
	case a.Kind() == families.KindRaw:
		return // its number may be that of a family with a format
	case path != "" && (path[0] != 0 || sys != families.Linux):
		path, _, _ = strings.Cut(path, "\x00") // as the kernel does
		a = families.Unix(path)
	}
	if err != nil || b != a {
		t.Fatalf("%s: Encode(%q) = %x, read as %q, %v", sys, a, buf[:n], b, err)
	}
}

// keptBy is a without what is not written, and with its numbers modulo the widths of their fields,
// which some systems have narrower than others.
func keptBy(sys *families.System, a families.Addr) families.Addr {
	switch netbt := sys == families.NetBSD || sys == families.DragonFly; {
	case a.Kind() == families.KindRFCOMM && sys != families.Windows:
		bdaddr, channel := a.RFCOMM()
		return families.RFCOMM(bdaddr, channel&0xff)
	case a.Kind() == families.KindTIPC:
		if addrType, node, ref, _, scope := a.TIPC(); addrType == 3 { // less a name in a group
			return families.TIPC(addrType, node, ref, 0, scope)
		}
	case a.Kind() == families.KindL2CAP && netbt:
		bdaddr, psm, cid, _ := a.L2CAP()
		return families.L2CAP(bdaddr, psm, cid&0xff, 0)
	}
	return a
}

// protocolOf is a protocol of sockets that have such addresses as a.
func protocolOf(sys *families.System, a families.Addr) int {
	for protocol := range 256 {
		if f, ok := sys.Lookup(sys.FamilyOf(a), protocol); ok && f.Name() == a.Network() {
			return protocol
		}
	}
	return 0
}

// A systemFormat is a format of a system, with a family and a protocol that have it.
type systemFormat struct {
	families.Family
	sys              *families.System
	family, protocol int
}

// allFormats are all formats of all systems.
var allFormats = func() (all []systemFormat) {
	for _, sys := range allSystems {
		for family := range 256 {
			seen := make(map[string]bool)
			for protocol := range 256 {
				if f, ok := sys.Lookup(family, protocol); ok && !seen[f.Name()] {
					seen[f.Name()] = true
					all = append(all, systemFormat{f, sys, family, protocol})
				}
			}
		}
	}
	return all
}()

// allSockaddrs are the corpora of all formats.
var allSockaddrs = slices.Concat(
	inetSockaddrs, inet6Sockaddrs, unixSockaddrs, rawSockaddrs,
	netlinkSockaddrs, packetSockaddrs, vsockSockaddrs, tipcSockaddrs, algSockaddrs, qipcrtrSockaddrs, linkSockaddrs,
	canSockaddrs, isotpSockaddrs, j1939Sockaddrs,
	l2capSockaddrs, rfcommSockaddrs, hciSockaddrs, scoSockaddrs,
	hypervSockaddrs, systemSockaddrs,
)

// Each address that a system has can be given to it and comes back, whatever system this runs on.
func TestEverySystem(t *testing.T) {
	kinds := make(map[families.Kind]bool)
	for _, test := range allSockaddrs {
		kinds[test.addr.Kind()] = true
		for _, sys := range allSystems {
			if sys.FamilyOf(test.addr) == -1 {
				if _, err := sys.Encode(make([]byte, families.MaxSockaddr), test.addr); !errors.Is(err, families.ErrBadFamily) {
					t.Errorf("%s has no %s, and says %v of %q", sys, test.addr.Network(), err, test.addr)
				}
				continue
			}
			checkEncode(t, sys, test.addr)
		}
	}
	for k := families.KindInet; !strings.HasPrefix(k.String(), "kind "); k++ {
		if !kinds[k] {
			t.Errorf("no corpus has an address of the kind %v", k)
		}
	}
	for _, f := range allFormats {
		a, err := f.sys.Decode(f.family, f.protocol, nil) // item 177
		if !a.IsZero() || err != nil {
			t.Errorf("%s, %s: no bytes are %q, %v", f.sys, f.Name(), a, err)
		}
	}
}

func TestHost(t *testing.T) {
	if got := families.Host.String(); got != runtime.GOOS && !slices.Contains([]string{"android", "ios"}, runtime.GOOS) {
		t.Errorf("Host is %q on %q", got, runtime.GOOS)
	}
}

func TestLookup(t *testing.T) {
	// AF_* of <sys/socket.h>, <winsock2.h>.
	for _, test := range []struct {
		sys               *families.System
		unix, inet, inet6 int
	}{
		{families.Linux, 1, 2, 10},
		{families.Darwin, 1, 2, 30},
		{families.FreeBSD, 1, 2, 28},
		{families.NetBSD, 1, 2, 24},
		{families.OpenBSD, 1, 2, 24},
		{families.DragonFly, 1, 2, 28},
		{families.Windows, 1, 2, 23},
	} {
		for name, number := range map[string]int{"unix": test.unix, "inet": test.inet, "inet6": test.inet6} {
			for _, protocol := range []int{0, 6, 17} {
				if f, ok := test.sys.Lookup(number, protocol); !ok || f.Name() != name {
					t.Errorf("%s: Lookup(%d, %d) = %v, %v; want %s", test.sys, number, protocol, f, ok, name)
				}
			}
			if got := test.sys.Name(number); got != name {
				t.Errorf("%s: Name(%d) = %q, want %q", test.sys, number, got, name)
			}
		}
		for a, number := range map[families.Addr]int{
			families.Unix("x"):     test.unix,
			families.Inet("h", 1):  test.inet,
			families.Inet6("h", 1): test.inet6,
			families.Raw(123, nil): 123,
			{}:                     -1,
		} {
			if got := test.sys.FamilyOf(a); got != number {
				t.Errorf("%s: FamilyOf(%q) = %d, want %d", test.sys, a, got, number)
			}
		}
		for _, number := range []int{-1, 0, 255} {
			if f, ok := test.sys.Lookup(number, 0); ok || f != nil {
				t.Errorf("%s: Lookup(%d) = %v, %v; want none", test.sys, number, f, ok)
			}
		}
		if got := test.sys.Name(123); got != "family 123" {
			t.Errorf("%s: Name(123) = %q", test.sys, got)
		}
	}
}

// Sockets of AF_RDS and AF_DIVERT have the addresses of AF_INET, with its number.
func TestFamiliesOfInet(t *testing.T) {
	for _, test := range []struct {
		sys    *families.System
		family int
		name   string
	}{
		{families.Linux, 21, "rds"},
		{families.FreeBSD, 44, "divert"},
	} {
		f, ok := test.sys.Lookup(test.family, 0)
		if !ok || f.Name() != test.name {
			t.Errorf("%s: Lookup(%d) = %v, %v; want %s", test.sys, test.family, f, ok, test.name)
			continue
		}
		want := families.Inet("10.0.0.1", 80)
		buf := make([]byte, families.MaxSockaddr)
		n, err := f.Encode(buf, want)
		if err != nil {
			t.Error(err)
		}
		plain := make([]byte, families.MaxSockaddr)
		if m, _ := test.sys.Encode(plain, want); !bytes.Equal(buf[:n], plain[:m]) {
			t.Errorf("%s wrote %x, inet %x", test.name, buf[:n], plain[:m])
		}
		if a, err := test.sys.Decode(test.family, 0, buf[:n]); err != nil || a != want {
			t.Errorf("%s: Decode = %q, %v; want %q", test.name, a, err, want)
		}
		if a, err := f.Decode(buf[:n]); err != nil || a != want {
			t.Errorf("%s: the family's Decode = %q, %v; want %q", test.name, a, err, want)
		}
	}
}

func TestDecodeOdd(t *testing.T) {
	for _, sys := range allSystems {
		inet := sys.FamilyOf(families.Inet("", 0))
		f, _ := sys.Lookup(inet, 0)
		// No bytes: the kernel has no address to tell, as of the sender on a connected socket.
		if a, err := sys.Decode(inet, 0, nil); !a.IsZero() || err != nil {
			t.Errorf("%s: Decode of nothing = %q, %v", sys, a, err)
		}
		if a, err := f.Decode(nil); !a.IsZero() || err != nil {
			t.Errorf("%s: the family's Decode of nothing = %q, %v", sys, a, err)
		}
		// Too few for a family, and too few for an address.
		sa := make([]byte, families.MaxSockaddr)
		n, err := sys.Encode(sa, families.Inet("127.0.0.1", 80))
		if err != nil || n != 16 {
			t.Fatalf("%s: Encode = %d, %v", sys, n, err)
		}
		for n := 1; n < 8; n++ {
			if _, err := sys.Decode(inet, 0, sa[:n]); !errors.Is(err, families.ErrShort) {
				t.Errorf("%s: Decode of %d bytes: %v, want ErrShort", sys, n, err)
			}
			if _, err := f.Decode(sa[:n]); !errors.Is(err, families.ErrShort) {
				t.Errorf("%s: the family's Decode of %d bytes: %v, want ErrShort", sys, n, err)
			}
		}
		// Bytes of another family than the socket's: they decide. The family itself refuses them.
		n, err = sys.Encode(sa, families.Unix("/x"))
		if err != nil {
			t.Fatal(err)
		}
		if a, err := sys.Decode(inet, 17, sa[:n]); err != nil || a != families.Unix("/x") {
			t.Errorf("%s: Decode of unix for inet = %q, %v", sys, a, err)
		}
		if _, err := f.Decode(sa[:n]); !errors.Is(err, families.ErrFamilyMismatch) {
			t.Errorf("%s: the family's Decode of unix: %v, want ErrFamilyMismatch", sys, err)
		}
		// And an address of another family.
		if _, err := f.Encode(sa, families.Unix("/x")); !errors.Is(err, families.ErrFamilyMismatch) {
			t.Errorf("%s: the family's Encode of unix: %v, want ErrFamilyMismatch", sys, err)
		}
	}
}

func TestEncodeNoRoom(t *testing.T) {
	for _, sys := range allSystems {
		for _, test := range allSockaddrs {
			a := test.addr
			need, err := sys.Encode(make([]byte, families.MaxSockaddr), a)
			if err != nil && sys == test.sys {
				t.Fatal(err)
			} else if err != nil {
				continue // what another system has
			}
			for n := range need {
				if _, err := sys.Encode(make([]byte, n), a); !errors.Is(err, families.ErrNoRoom) {
					t.Errorf("%s: Encode(%q) to %d bytes: %v, want ErrNoRoom", sys, a, n, err)
				}
			}
			if n, err := sys.Encode(make([]byte, need), a); err != nil || n != need {
				t.Errorf("%s: Encode(%q) to the %d bytes it needs = %d, %v", sys, a, need, n, err)
			}
		}
	}
}

func TestAllocs(t *testing.T) {
	buf := make([]byte, families.MaxSockaddr)
	for _, test := range allSockaddrs {
		sys, a := test.sys, test.addr
		number, protocol := sys.FamilyOf(a), protocolOf(sys, a)
		var n int
		var err error
		if allocs := testing.AllocsPerRun(10, func() { n, err = sys.Encode(buf, a) }); err != nil || allocs != 0 {
			t.Errorf("%s: Encode of %q allocates %v times, %v", sys, a, allocs, err)
		}
		switch a.Kind() {
		case families.KindUnix, families.KindRaw, families.KindALG, families.KindLink, families.KindHyperV:
			continue // these hold strings
		}
		f, _ := sys.Lookup(number, protocol)
		if f.Name() == "hci" && sys == families.FreeBSD {
			continue // a string too
		}
		if allocs := testing.AllocsPerRun(10, func() {
			if b, err := f.Decode(buf[:n]); err != nil || b != a {
				t.Fatal(b, err)
			}
			if b, err := sys.Decode(number, protocol, buf[:n]); err != nil || b != a {
				t.Fatal(b, err)
			}
		}); allocs != 0 {
			t.Errorf("%s: Decode of %q allocates %v times", sys, a, allocs)
		}
	}
	hardware := []byte{1, 2, 3, 4, 5, 6}
	if n := testing.AllocsPerRun(10, func() {
		for _, a := range []families.Addr{
			families.Inet("127.0.0.1", 80),
			families.PacketLL("eth0", 0x800, 0, 0, hardware),
			families.CAN("can0"),
			families.J1939("can0", 1, 2, 3),
			families.TIPCName(1, 2, 0),
		} {
			if a.IsZero() {
				t.Fatal("an address is none")
			}
		}
	}); n != 0 {
		t.Errorf("making addresses allocates %v times", n)
	}
}

// FuzzDecode gives any bytes to each family of each system: none panics, and what one reads it can
// write.
func FuzzDecode(f *testing.F) {
	for _, test := range allSockaddrs {
		f.Add(unhex(f, test.hex))
	}
	f.Add([]byte{})
	f.Add([]byte{2})
	f.Add(bytes.Repeat([]byte{1}, 1024)) // longer than any sockaddr
	f.Fuzz(func(t *testing.T, src []byte) {
		for _, sys := range allSystems {
			a, err := sys.Decode(2, 0, src)
			checkDecoded(t, sys, src, a, err)
		}
		for _, format := range allFormats {
			a, err := format.Decode(src)
			checkDecoded(t, format.sys, src, a, err)
			if len(src) < 2 {
				continue
			}
			own := bytes.Clone(src) // with the family of the format, so that it reads the rest
			family := format.family
			if format.Name() == "rds" || format.Name() == "divert" {
				family = 2
			}
			var header [2]byte
			if _, err := format.sys.Encode(header[:], families.Raw(family, nil)); err != nil {
				t.Fatal(err)
			}
			copy(own, header[:])
			a, err = format.sys.Decode(format.family, format.protocol, own)
			checkDecoded(t, format.sys, own, a, err)
			if err == nil && !a.IsZero() && a.Network() != format.Name() && family == format.family {
				t.Fatalf("%s: %s reads %x as %s", format.sys, format.Name(), own, a.Network())
			}
		}
	})
}

func checkDecoded(t *testing.T, sys *families.System, src []byte, a families.Addr, err error) {
	t.Helper()
	if err != nil {
		var ae *families.AddrError
		if !errors.As(err, &ae) || !a.IsZero() {
			t.Fatalf("%s: Decode(%x) = %#v, %v", sys, src, a, err)
		}
		return
	}
	if a.IsZero() {
		if len(src) != 0 {
			t.Fatalf("%s: Decode(%x) is the zero Addr", sys, src)
		}
		return
	}
	if a.FlowInfo() <= 0xfffff { // more than the syntax has
		checkText(t, a)
	}
	checkEncode(t, sys, a)
}
