package sock_test

import (
	"bytes"
	"errors"
	"net/netip"
	"strings"
	"syscall"
	"testing"

	"github.com/polluxio/pollux/sock"
)

// argRule returns the rule that err says is broken. For another error it returns the text.
func argRule(err error) string {
	if e, ok := errors.AsType[*sock.ArgError](err); ok {
		return e.Rule
	}
	if err != nil {
		return err.Error()
	}
	return ""
}

var atonTexts = []struct{ text, want string }{ // want is four bytes, or empty for an error
	{"1.2.3.4", "\x01\x02\x03\x04"},
	{"1", "\x00\x00\x00\x01"},
	{"1.2", "\x01\x00\x00\x02"},
	{"1.2.3", "\x01\x02\x00\x03"},
	{"0x7f.1", "\x7f\x00\x00\x01"},
	{"0X1F", "\x00\x00\x00\x1f"},
	{"0377", "\x00\x00\x00\xff"},
	{"0xffffffff", "\xff\xff\xff\xff"},
	{"255.255.255.255", "\xff\xff\xff\xff"},
	{"4294967295", "\xff\xff\xff\xff"},
	{"1.16777215", "\x01\xff\xff\xff"},
	{"1.2.65535", "\x01\x02\xff\xff"},
	{"00000000000000000000000000000000001", "\x00\x00\x00\x01"},
	{"0", "\x00\x00\x00\x00"},

	// A blank ends the text.
	{"1 2", "\x00\x00\x00\x01"},
	{"1.2.3.4 x", "\x01\x02\x03\x04"},
	{"1\t", "\x00\x00\x00\x01"},
	{"1\n", "\x00\x00\x00\x01"},
	{"1\v", "\x00\x00\x00\x01"},
	{"1\f2", "\x00\x00\x00\x01"},
	{"1\r", "\x00\x00\x00\x01"},

	{"", ""},
	{" 1", ""},
	{"1..2", ""},
	{"1.", ""},
	{".1", ""},
	{"1.2.3.4.", ""},
	{"1.2.3.4.5", ""},
	{"256.1", ""},
	{"1.256.1", ""},
	{"1.2.256.1", ""},
	{"1.2.3.256", ""},
	{"1.2.65536", ""},
	{"1.16777216", ""},
	{"4294967296", ""},
	{"0x", ""},
	{"0x1g", ""},
	{"08", ""},
	{"a", ""},
	{"1x", ""},
	{"+1", ""},
	{"-1", ""},
	{"1.-2", ""},
	{"::1", ""},
	{"::ffff:1.2.3.4", ""},
	{"<broadcast>", ""},
	{"1\u00a0", ""}, // a blank, but not in ASCII
	{"\u0663", ""},  // a digit, but not in ASCII
	{"1_000", ""},   // syntax of Go only
	{"0b1", ""},     // syntax of C23
	{"1\x002", ""},  // C would stop at the NUL
	{"0x1p1", ""},   // a float
	{"1.2.3.4\xff", ""},
}

func TestInetAton(t *testing.T) { // item 171
	for _, tt := range atonTexts {
		got, err := sock.InetAton(tt.text)
		if string(got) != tt.want {
			t.Errorf("%q: %v, %v, want %v", tt.text, got, err, []byte(tt.want))
		}
		if want := "illegal IP address string passed to inet_aton"; tt.want == "" && argRule(err) != want {
			t.Errorf("%q: %v, want %q", tt.text, err, want)
		}
	}
}

func TestInetNtoa(t *testing.T) { // item 172
	if got, err := sock.InetNtoa([]byte{1, 2, 3, 255}); got != "1.2.3.255" || err != nil {
		t.Errorf("%q, %v", got, err)
	}
	for _, packed := range []string{"", "123", "12345"} {
		if got, err := sock.InetNtoa([]byte(packed)); argRule(err) != "packed IP wrong length for inet_ntoa" {
			t.Errorf("%d bytes: %q, %v", len(packed), got, err)
		}
	}
}

var ptonTexts = []struct {
	family sock.Family
	text   string
	want   string // "" for an error
}{
	{sock.AF_INET, "1.2.3.4", "\x01\x02\x03\x04"},
	{sock.AF_INET, "0.0.0.0", "\x00\x00\x00\x00"},
	{sock.AF_INET, "01.2.3.4", ""},
	{sock.AF_INET, "00.0.0.0", ""},
	{sock.AF_INET, "1.2.3", ""},
	{sock.AF_INET, "1", ""},
	{sock.AF_INET, "0x7f.0.0.1", ""},
	{sock.AF_INET, "", ""},
	{sock.AF_INET, "1.2.3.4 ", ""},
	{sock.AF_INET, " 1.2.3.4", ""},
	{sock.AF_INET, "256.1.1.1", ""},
	{sock.AF_INET, "::1", ""},
	{sock.AF_INET, "::ffff:1.2.3.4", ""},

	{sock.AF_INET6, "::", strings.Repeat("\x00", 16)},
	{sock.AF_INET6, "::1", strings.Repeat("\x00", 15) + "\x01"},
	{sock.AF_INET6, "1:2:3:4:5:6:7:8", "\x00\x01\x00\x02\x00\x03\x00\x04\x00\x05\x00\x06\x00\x07\x00\x08"},
	{sock.AF_INET6, "1:2:3:4:5:6:7::", "\x00\x01\x00\x02\x00\x03\x00\x04\x00\x05\x00\x06\x00\x07\x00\x00"},
	{sock.AF_INET6, "::2:3:4:5:6:7:8", "\x00\x00\x00\x02\x00\x03\x00\x04\x00\x05\x00\x06\x00\x07\x00\x08"},
	{sock.AF_INET6, "1:2:3:4:5:6:1.2.3.4", "\x00\x01\x00\x02\x00\x03\x00\x04\x00\x05\x00\x06\x01\x02\x03\x04"},
	{sock.AF_INET6, "::1.2.3.4", strings.Repeat("\x00", 12) + "\x01\x02\x03\x04"},
	{sock.AF_INET6, "::ffff:1.2.3.4", strings.Repeat("\x00", 10) + "\xff\xff\x01\x02\x03\x04"},
	{sock.AF_INET6, "FE80::ABCD", "\xfe\x80" + strings.Repeat("\x00", 12) + "\xab\xcd"},
	{sock.AF_INET6, "::1%1", ""},
	{sock.AF_INET6, "fe80::1%lo", ""},
	{sock.AF_INET6, "1.2.3.4", ""},
	{sock.AF_INET6, ":::", ""},
	{sock.AF_INET6, ":", ""},
	{sock.AF_INET6, "1::2::3", ""},
	{sock.AF_INET6, "00001::", ""},
	{sock.AF_INET6, "::01.2.3.4", ""},
	{sock.AF_INET6, "1:2:3:4:5:6:7", ""},
	{sock.AF_INET6, "1:2:3:4:5:6:7:8:9", ""},
	{sock.AF_INET6, "1:2:3:4:5:6:7:8::", ""},
	{sock.AF_INET6, "[::1]", ""},
	{sock.AF_INET6, "", ""},
	{sock.AF_INET6, "::1 ", ""},
}

func TestInetPton(t *testing.T) { // item 173
	for _, tt := range ptonTexts {
		got, err := sock.InetPton(tt.family, tt.text)
		if string(got) != tt.want {
			t.Errorf("family %d, %q: %v, %v, want %v", tt.family, tt.text, got, err, []byte(tt.want))
		}
		if want := "illegal IP address string passed to inet_pton"; tt.want == "" && argRule(err) != want {
			t.Errorf("family %d, %q: %v, want %q", tt.family, tt.text, err, want)
		}
	}
	for _, family := range []sock.Family{sock.AF_UNSPEC, sock.AF_UNIX, 99, -1} {
		if got, err := sock.InetPton(family, "1.2.3.4"); !errors.Is(err, syscall.EAFNOSUPPORT) {
			t.Errorf("family %d: %v, %v, want EAFNOSUPPORT", family, got, err)
		}
	}
}

func TestInetNtop(t *testing.T) { // item 174
	zeros := func(n int) string { return strings.Repeat("\x00", n) }
	for _, tt := range []struct {
		family       sock.Family
		packed, want string
	}{
		{sock.AF_INET, "\x01\x02\x03\xff", "1.2.3.255"},
		{sock.AF_INET6, zeros(16), "::"},
		{sock.AF_INET6, zeros(15) + "\x01", "::1"},
		{sock.AF_INET6, zeros(14) + "\x01\x00", "::100"},
		{sock.AF_INET6, zeros(13) + "\x01\x00\x00", "::0.1.0.0"},
		{sock.AF_INET6, zeros(12) + "\x01\x02\x03\x04", "::1.2.3.4"},
		{sock.AF_INET6, zeros(10) + "\xff\xff\x01\x02\x03\x04", "::ffff:1.2.3.4"},
		{sock.AF_INET6, zeros(10) + "\xff\xff\x00\x00\x00\x00", "::ffff:0.0.0.0"},
		{sock.AF_INET6, zeros(8) + "\xff\xff\x00\x00\x01\x02\x03\x04", "::ffff:0:102:304"},
		{sock.AF_INET6, zeros(10) + "\x5e\xfe\x01\x02\x03\x04", "::5efe:102:304"},
		{sock.AF_INET6, "\x00\x01\x00\x00\x00\x01\x00\x00\x00\x00\x00\x01\x00\x00\x00\x00", "1:0:1::1:0:0"},                            // the longest run
		{sock.AF_INET6, "\x00\x01\x00\x02\x00\x03\x00\x04\x00\x05\x00\x00\x00\x07\x00\x08", "1:2:3:4:5:0:7:8"},                         // a run of one
		{sock.AF_INET6, "\x00\x01" + zeros(4) + "\x00\x04\x00\x05" + zeros(4) + "\x00\x08", "1::4:5:0:0:8"},                            // the first of two
		{sock.AF_INET6, "\xab\xcd\xef\x01\x23\x45\x67\x89\xab\xcd\xef\x01\x23\x45\x67\x89", "abcd:ef01:2345:6789:abcd:ef01:2345:6789"}, // lower case
	} {
		if got, err := sock.InetNtop(tt.family, []byte(tt.packed)); got != tt.want || err != nil {
			t.Errorf("%q: %q, %v, want %q", tt.packed, got, err, tt.want)
		}
	}
	for _, tt := range []struct {
		family sock.Family
		size   int
		want   string
	}{
		{sock.AF_INET, 3, "invalid length of packed IP address string"},
		{sock.AF_INET, 16, "invalid length of packed IP address string"},
		{sock.AF_INET6, 15, "invalid length of packed IP address string"},
		{sock.AF_INET6, 4, "invalid length of packed IP address string"},
		{sock.AF_INET6, 0, "invalid length of packed IP address string"},
		{99, 4, "unknown address family 99"},
		{sock.AF_UNIX, 0, "unknown address family 1"},
	} {
		if got, err := sock.InetNtop(tt.family, make([]byte, tt.size)); argRule(err) != tt.want {
			t.Errorf("family %d, %d bytes: %q, %v, want %q", tt.family, tt.size, got, err, tt.want)
		}
	}
}

// For every text that InetAton accepts, InetNtoa and InetPton agree.
func FuzzInetAton(f *testing.F) {
	for _, tt := range atonTexts {
		f.Add(tt.text)
	}
	f.Fuzz(func(t *testing.T, s string) {
		packed, err := sock.InetAton(s)
		if err != nil {
			if packed != nil {
				t.Errorf("%q: %v and %v", s, packed, err)
			}
			return
		}
		text, err := sock.InetNtoa(packed)
		if err != nil {
			t.Fatalf("%q: %v: %v", s, packed, err)
		}
		again, err := sock.InetAton(text)
		strict, strictErr := sock.InetPton(sock.AF_INET, text)
		if err != nil || strictErr != nil || !bytes.Equal(again, packed) || !bytes.Equal(strict, packed) {
			t.Errorf("%q is %v is %q, and that %v, %v and %v, %v", s, packed, text, again, err, strict, strictErr)
		}
	})
}

// For every text that InetPton accepts, InetNtop writes a text that InetPton reads as the same
// bytes.
func FuzzInetPton(f *testing.F) {
	for _, tt := range ptonTexts {
		f.Add(tt.family == sock.AF_INET6, tt.text)
	}
	f.Fuzz(func(t *testing.T, six bool, s string) {
		family := sock.AF_INET
		if six {
			family = sock.AF_INET6
		}
		packed, err := sock.InetPton(family, s)
		if err != nil {
			return
		}
		text, err := sock.InetNtop(family, packed)
		if err != nil {
			t.Fatalf("%q: %v: %v", s, packed, err)
		}
		if again, err := sock.InetPton(family, text); err != nil || !bytes.Equal(again, packed) {
			t.Errorf("%q is %v is %q, and that %v, %v", s, packed, text, again, err)
		}
	})
}

// InetNtop and package netip differ in one case only: the text of an IPv4 address without a prefix.
func FuzzInetNtop(f *testing.F) {
	for _, tt := range ptonTexts {
		f.Add([]byte(tt.want))
	}
	f.Fuzz(func(t *testing.T, packed []byte) {
		family := sock.AF_INET
		if len(packed) == 16 {
			family = sock.AF_INET6
		}
		text, err := sock.InetNtop(family, packed)
		if want := len(packed) == 4 || len(packed) == 16; (err == nil) != want {
			t.Fatalf("%d bytes: %q, %v", len(packed), text, err)
		}
		if err != nil {
			return
		}
		ip, _ := netip.AddrFromSlice(packed)
		if parsed, err := netip.ParseAddr(text); parsed != ip || err != nil {
			t.Errorf("%v is %q, and that %v, %v", packed, text, parsed, err)
		}
		if text != ip.String() && !strings.HasPrefix(text, "::") {
			t.Errorf("%v is %q, and in netip %q", packed, text, ip)
		}
		if again, err := sock.InetPton(family, text); err != nil || !bytes.Equal(again, packed) {
			t.Errorf("%v is %q, and that %v, %v", packed, text, again, err)
		}
	})
}
