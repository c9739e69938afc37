package families_test

import (
	"errors"
	"testing"

	"github.com/polluxio/pollux/families"
)

// parseCorpus is text and what it is: the addresses of inet.go, inet6.go, unix.go and raw.go, and
// text that is none. Where String differs from the text it is given too.
var parseCorpus = []struct {
	text   string
	addr   families.Addr
	string string
}{
	// A plain IPv4 address.
	{"127.0.0.1:80", families.Inet("127.0.0.1", 80), ""},
	// Its family may be named.
	{"inet:127.0.0.1:80", families.Inet("127.0.0.1", 80), "127.0.0.1:80"},
	// No host is the wildcard address.
	{":80", families.Inet("0.0.0.0", 80), "0.0.0.0:80"},
	{":0", families.Inet("", 0), "0.0.0.0:0"},
	// What inet_aton takes.
	{"127.1:80", families.Inet("127.0.0.1", 80), "127.0.0.1:80"},
	// A zero before a port is of no weight.
	{"127.0.0.1:0080", families.Inet("127.0.0.1", 80), "127.0.0.1:80"},
	{"<broadcast>:9", families.Inet("255.255.255.255", 9), "255.255.255.255:9"},
	// The highest port.
	{"127.0.0.1:65535", families.Inet("127.0.0.1", 65535), ""},

	// A name.
	{"localhost:80", families.Inet("localhost", 80), ""},
	// A name that is not ASCII prints, so it stays.
	{"bücher.example:80", families.Inet("bücher.example", 80), ""},
	// A name that is called as a family is.
	{"inet:unix:80", families.Inet("unix", 80), ""},
	{"inet:inet:80", families.Inet("inet", 80), ""},
	// A name with the first word of an unknown family's name: the space is escaped.
	{"family%201:80", families.Inet("family 1", 80), ""},
	// Names of bytes that the syntax has a use for. No resolver will like them, but none is lost.
	{"a%3ab:80", families.Inet("a:b", 80), ""},
	{"%2ftmp:80", families.Inet("/tmp", 80), ""},
	{"%40x:80", families.Inet("@x", 80), ""},
	{"100%25:80", families.Inet("100%", 80), ""},
	{"100%:80", families.Inet("100%", 80), "100%25:80"},
	// A letter that is not UTF-8.
	{"%ff:80", families.Inet("\xff", 80), ""},
	// An address that escapes hide is an address yet.
	{"127%2e0.0.1:80", families.Inet("127.0.0.1", 80), "127.0.0.1:80"},

	{"inet:can:80", families.Inet("can", 80), ""},

	// A family that shares the format.
	{"rds:127.0.0.1:80", families.Inet("127.0.0.1", 80), "127.0.0.1:80"},
	{"inet:rds:80", families.Inet("rds", 80), ""},

	// IPv6.
	{"[::1]:80", families.Inet6("::1", 80), ""},
	{"inet6:[::1]:80", families.Inet6("::1", 80), "[::1]:80"},
	{"[::]:0", families.Inet6("", 0), ""},
	{"inet6::80", families.Inet6("", 80), "[::]:80"},
	// IPv4 in IPv6 form remains so.
	{"[::ffff:1.2.3.4]:80", families.Inet6("::ffff:1.2.3.4", 80), ""},
	// The short form is the one that prints.
	{"[0:0:0:0:0:0:0:1]:80", families.Inet6("::1", 80), "[::1]:80"},
	// A scope.
	{"[fe80::1%2]:80", families.Inet6Scoped("fe80::1", 80, 0, 2), ""},
	{"[fe80::1%4294967295]:80", families.Inet6Scoped("fe80::1", 80, 0, 1<<32-1), ""},
	// Scope 0 is none.
	{"[fe80::1%0]:80", families.Inet6("fe80::1", 80), "[fe80::1]:80"},
	// An IPv4 address in IPv6 form with a scope: package netip does not take it.
	{"[::ffff:1.2.3.4%2]:80", families.Inet6Scoped("::ffff:1.2.3.4", 80, 0, 2), ""},
	// A flow label, alone and with a scope.
	{"[::1]:80?flowinfo=1048575", families.Inet6Scoped("::1", 80, 1<<20-1, 0), ""},
	{"[fe80::1%2]:80?flowinfo=7", families.Inet6Scoped("fe80::1", 80, 7, 2), ""},
	{"[::1]:80?flowinfo=0", families.Inet6("::1", 80), "[::1]:80"},
	// Names.
	{"inet6:localhost:80", families.Inet6("localhost", 80), ""},
	{"inet6:inet6:80", families.Inet6("inet6", 80), ""},
	{"inet6:localhost:80?flowinfo=7&scope=2", families.Inet6Scoped("localhost", 80, 7, 2), ""},
	// The zone in the host of Inet6 is for the resolver only.
	{"inet6:fe80%3a%3a1%25eth0:80", families.Inet6("fe80::1%eth0", 80), ""},

	// Paths.
	{"/run/app", families.Unix("/run/app"), ""},
	{"unix:/run/app", families.Unix("/run/app"), "/run/app"},
	// A path that looks like a host and a port.
	{"/localhost:80", families.Unix("/localhost:80"), ""},
	{"unix:localhost:80", families.Unix("localhost:80"), ""},
	// A path that looks like an address with its family.
	{"unix:unix:x", families.Unix("unix:x"), ""},
	// A path relative to the working directory, and no path.
	{"unix:app", families.Unix("app"), ""},
	{"unix:", families.Unix(""), ""},
	// A path of Windows.
	{`unix:C:\run\app`, families.Unix(`C:\run\app`), ""},
	// Spaces and letters of other languages print.
	{"/run/my app/ü", families.Unix("/run/my app/ü"), ""},
	// Those of no language, and what does not print.
	{"/run/%ff%0a%25", families.Unix("/run/\xff\n%"), ""},
	{"/run/%e2%80%ae", families.Unix("/run/\u202e"), ""},
	// The replacement character is not an error here.
	{"/run/\ufffd", families.Unix("/run/\ufffd"), ""},
	// A % that begins no escape, the last with one digit.
	{"/100%/%zz/%4", families.Unix("/100%/%zz/%4"), "/100%25/%25zz/%254"},
	// Abstract names: with @, empty, with a NUL within, with the family.
	{"@app", families.Unix("\x00app"), ""},
	{"@", families.Unix("\x00"), ""},
	{"@a%00b", families.Unix("\x00a\x00b"), ""},
	{"unix:@app", families.Unix("\x00app"), "@app"},
	{"unix:%00app", families.Unix("\x00app"), "@app"},
	{"@inet:80", families.Unix("\x00inet:80"), ""},
	// A path that begins with the letter @.
	{"unix:%40app", families.Unix("@app"), ""},
	// A NUL within a path: the kernel will cut there, we do not.
	{"/a%00b", families.Unix("/a\x00b"), ""},

	// Families without a format.
	{"family 99:0a0b", families.Raw(99, []byte{10, 11}), ""},
	{"family 99:", families.Raw(99, nil), ""},
	{"family 65535:00", families.Raw(65535, []byte{0}), ""},
}

var parseErrorCorpus = []struct {
	text string
	rule families.Rule
}{
	// No address.
	{"", families.ErrSyntax},
	{"localhost", families.ErrSyntax},
	{"127.0.0.1", families.ErrSyntax},
	// No name of a family.
	{"tcp:127.0.0.1:80", families.ErrSyntax},
	// Ports that are none: missing, negative, a service, with a sign, with a blank.
	{"127.0.0.1:", families.ErrSyntax},
	{"127.0.0.1:-1", families.ErrSyntax},
	{"127.0.0.1:http", families.ErrSyntax},
	{"127.0.0.1:+80", families.ErrSyntax},
	{"127.0.0.1: 80", families.ErrSyntax},
	// Out of range, at once and beyond 64 bits.
	{"127.0.0.1:65536", families.ErrPort},
	{"[::1]:99999999999999999999", families.ErrPort},
	// An IPv6 address without its brackets, with half of them, with more than an address in them.
	{"::1:80", families.ErrSyntax},
	{"[::1:80", families.ErrSyntax},
	{"::1]:80", families.ErrSyntax},
	{"[::1]", families.ErrSyntax},
	{"[::1]80", families.ErrSyntax},
	{"[[::1]]:80", families.ErrSyntax},
	{"[localhost]:80", families.ErrSyntax},
	{"[127.0.0.1]:80", families.ErrSyntax},
	{"inet:[::1]:80", families.ErrSyntax},
	// A zone that is empty.
	{"[fe80::1%]:80", families.ErrSyntax},
	// The numeric address of another family.
	{"inet6:127.0.0.1:80", families.ErrHostFamily},
	{"inet:%3a%3a1:80", families.ErrHostFamily},
	{"inet6:255.255.255.255:80", families.ErrFamilyMismatch},
	// A NUL, at which C would end the name.
	{"local%00host:80", families.ErrHostNUL},
	// What may follow a ?, and what may not.
	{"[::1]:80?", families.ErrSyntax},
	{"[::1]:80?flowinfo", families.ErrSyntax},
	{"[::1]:80?flowinfo=-1", families.ErrSyntax},
	{"[::1]:80?flowinfo=1048576", families.ErrFlowInfo},
	{"[::1]:80?flowinfo=4294967296", families.ErrSyntax},
	{"[::1]:80?color=red", families.ErrSyntax},
	// The scope of an address is in its brackets.
	{"[::1]:80?scope=2", families.ErrSyntax},
	{"127.0.0.1:80?flowinfo=1", families.ErrSyntax},
	// Bytes in halves, of another base, of a family that is no number.
	{"family 99:0", families.ErrSyntax},
	{"family 99:zz", families.ErrSyntax},
	{"family x:00", families.ErrSyntax},
	{"family 65536:00", families.ErrSyntax},
}

func TestParse(t *testing.T) {
	for _, test := range parseCorpus {
		a, err := families.Parse(test.text)
		if err != nil || a != test.addr {
			t.Errorf("Parse(%q) = %#v, %v; want %#v", test.text, a, err, test.addr)
			continue
		}
		want := test.string
		if want == "" {
			want = test.text
		}
		if got := a.String(); got != want {
			t.Errorf("Parse(%q) prints as %q, want %q", test.text, got, want)
		}
		checkText(t, a)
	}
}

func TestParseError(t *testing.T) {
	for _, test := range parseErrorCorpus {
		a, err := families.Parse(test.text)
		var ae *families.AddrError
		if !errors.As(err, &ae) || !errors.Is(err, test.rule) {
			t.Errorf("Parse(%q) = %v, %v; want %v", test.text, a, err, test.rule)
		}
		if !a.IsZero() {
			t.Errorf("Parse(%q) = %v beside its error", test.text, a)
		}
	}
}

// checkText checks that each way of reading the text of an address gives the address.
func checkText(t *testing.T, a families.Addr) {
	t.Helper()
	if b, err := families.Parse(a.String()); (err != nil || b != a) && hasOwnForm(a) {
		t.Errorf("Parse(%q) = %#v, %v; want %#v", a, b, err, a)
	}
	text, err := a.MarshalText()
	if b, err2 := families.Parse(string(text)); err != nil || err2 != nil || b != a {
		t.Errorf("MarshalText of %q = %q, %v: read as %#v, %v", a, text, err, b, err2)
	}
	for _, f := range allFormats {
		if f.Name() != a.Network() {
			continue
		}
		if b, err := f.Parse(a.String()); err != nil || b != a {
			t.Errorf("the family's Parse(%q) = %#v, %v; want %#v", a, b, err, a)
		}
	}
}

// hasOwnForm reports whether Parse knows the text of a without the name of its format.
func hasOwnForm(a families.Addr) bool {
	switch a.Kind() {
	case families.KindInet, families.KindInet6, families.KindUnix, families.KindRaw:
		return true
	}
	return false
}

// A textTest is text that Parse reads, and what it is. Where MarshalText differs from it that is
// given too.
type textTest struct {
	text string
	addr families.Addr
	back string
}

func testTexts(t *testing.T, corpus []textTest) {
	t.Helper()
	for _, test := range corpus {
		a, err := families.Parse(test.text)
		if err != nil || a != test.addr {
			t.Errorf("Parse(%q) = %#v, %v; want %#v", test.text, a, err, test.addr)
			continue
		}
		want := test.back
		if want == "" {
			want = test.text
		}
		if got, err := a.MarshalText(); err != nil || string(got) != want {
			t.Errorf("Parse(%q) marshals as %q, %v; want %q", test.text, got, err, want)
		}
		if got := a.Network() + ":" + a.String(); got != want {
			t.Errorf("Parse(%q) prints as %q, want %q", test.text, got, want)
		}
		checkText(t, a)
	}
}

// A textErrorTest is text that Parse refuses.
type textErrorTest struct {
	text string
	rule families.Rule
}

func testTextErrors(t *testing.T, corpus []textErrorTest) {
	t.Helper()
	for _, test := range corpus {
		a, err := families.Parse(test.text)
		var ae *families.AddrError
		if !errors.As(err, &ae) || !errors.Is(err, test.rule) || !a.IsZero() {
			t.Errorf("Parse(%q) = %v, %v; want %v", test.text, a, err, test.rule)
		}
	}
}

// A ruleTest is an address that a system cannot use, and the text of the error.
type ruleTest struct {
	name string
	sys  *families.System
	addr families.Addr
	rule families.Rule
	text string
}

func testRules(t *testing.T, corpus []ruleTest) {
	t.Helper()
	for _, test := range corpus {
		n, err := test.sys.Encode(make([]byte, families.MaxSockaddr), test.addr)
		var ae *families.AddrError
		if !errors.As(err, &ae) || !errors.Is(err, test.rule) || n != 0 || ae.Family != test.addr.Network() {
			t.Errorf("%s: Encode = %d, %v; want %v", test.name, n, err, test.rule)
		} else if err.Error() != test.text {
			t.Errorf("%s: %q, want %q", test.name, err, test.text)
		}
		if test.addr.String() == "" {
			t.Errorf("%s: no text, for people", test.name)
		}
	}
}

// testShort checks that each of the formats reads an address from so many bytes, and from no fewer.
func testShort(t *testing.T, name string, want map[*families.System]int) {
	t.Helper()
	for _, f := range allFormats {
		if f.Name() != name {
			continue
		}
		for n := 2; n <= families.MaxSockaddr; n++ {
			src := make([]byte, families.MaxSockaddr)
			if _, err := f.sys.Encode(src, families.Raw(f.family, nil)); err != nil {
				t.Fatal(err)
			}
			_, err := f.Decode(src[:n])
			if err != nil && !errors.Is(err, families.ErrShort) {
				t.Errorf("%s: %d bytes: %v", f.sys, n, err)
			}
			if (err == nil) != (n >= want[f.sys]) {
				t.Errorf("%s: %d bytes are enough: %v, want at least %d", f.sys, n, err == nil, want[f.sys])
			}
		}
	}
}

// Text of one family is none of another.
func TestFamilyParse(t *testing.T) {
	for _, test := range []struct {
		name, text string
		family     int
		want       families.Addr
		rule       families.Rule
	}{
		{name: "inet", text: "localhost:80", family: 2, want: families.Inet("localhost", 80)},
		{name: "inet, of inet6", text: "[::1]:80", family: 2, rule: families.ErrSyntax},
		{name: "inet, of unix", text: "/run/app", family: 2, rule: families.ErrSyntax},
		{name: "inet6", text: "localhost:80", family: 10, want: families.Inet6("localhost", 80)},
		{name: "inet6, of inet", text: "127.0.0.1:80", family: 10, rule: families.ErrHostFamily},
		{name: "unix, relative", text: "app", family: 1, want: families.Unix("app")},
		{name: "unix, like inet", text: "localhost:80", family: 1, want: families.Unix("localhost:80")},
		{name: "rds", text: "rds:10.0.0.1:80", family: 21, want: families.Inet("10.0.0.1", 80)},
	} {
		f, ok := families.Linux.Lookup(test.family, 0)
		if !ok {
			t.Fatalf("%s: no family %d", test.name, test.family)
		}
		a, err := f.Parse(test.text)
		if a != test.want || test.rule == "" && err != nil || test.rule != "" && !errors.Is(err, test.rule) {
			t.Errorf("%s: Parse(%q) = %v, %v; want %v, %v", test.name, test.text, a, err, test.want, test.rule)
		}
	}
}

// FuzzParse checks that what Parse takes prints as text that Parse takes for the same.
func FuzzParse(f *testing.F) {
	for _, test := range parseCorpus {
		f.Add(test.text)
	}
	for _, test := range parseErrorCorpus {
		f.Add(test.text)
	}
	for _, test := range allSockaddrs {
		text, err := test.addr.MarshalText()
		if err != nil {
			f.Fatal(err)
		}
		f.Add(string(text))
	}
	// What no sockaddr has: names that are yet to be resolved, and text that is another's too.
	for _, s := range []string{
		"packet:eth0,0x88cc,4,1,00:11:22:33:44:55", "packet:#2,1,0,32,00:11:22:33:44:55:66:77:88", "can:vcan0", "isotp:a%2cb,1,2",
		"j1939:vcan0,0,0,0", "hci:node 0", "hci:00:1A:7D:DA:71:13", "system:com.apple.net.utun_control", "system:%23",
		"alg:alg:x", "alg:a%3ab:c?feat=1&mask=2", "tipc:name:1,2,3?scope=-3", "vsock:any:any", "link:em%2c0,1,2,ff",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		a, err := families.Parse(s)
		if err != nil {
			var ae *families.AddrError
			if !errors.As(err, &ae) || !a.IsZero() {
				t.Fatalf("Parse(%q) = %#v, %v", s, a, err)
			}
			return
		}
		if a.IsZero() {
			t.Fatalf("Parse(%q) is the zero Addr", s)
		}
		checkText(t, a)
		for _, sys := range allSystems {
			checkEncode(t, sys, a)
		}
	})
}
