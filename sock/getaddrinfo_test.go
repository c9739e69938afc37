package sock_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/polluxio/pollux/families"
	"github.com/polluxio/pollux/internal/bare"
	"github.com/polluxio/pollux/loop"
	"github.com/polluxio/pollux/sock"
	"github.com/polluxio/pollux/sock/socktest"
)

// No test in this file asks a server: the host is numeric or empty, or it is refused before. The
// expected results are those of Python with glibc.

// unasked returns a resolver that fails the test on every query.
func unasked(t *testing.T) *sock.Resolver {
	return &sock.Resolver{Net: &net.Resolver{
		PreferGo: true,
		Dial: func(context.Context, string, string) (net.Conn, error) {
			t.Error("it asks a server")
			return nil, errors.New("there is no server")
		},
	}}
}

// sockets returns infos as text without the addresses: "type/proto:port".
func sockets(infos []sock.AddrInfo) string {
	var list []string
	for _, info := range infos {
		list = append(list, fmt.Sprintf("%d/%d:%d", info.Type, info.Proto, info.Addr.Port()))
	}
	return strings.Join(list, " ")
}

// hosts returns the addresses of infos.
func hosts(infos []sock.AddrInfo) (list []string) {
	for _, info := range infos {
		list = append(list, info.Addr.String())
	}
	return list
}

func all(port int) string { return fmt.Sprintf("1/6:%d 2/17:%d 3/0:%d", port, port, port) }

func TestGetaddrinfoPort(t *testing.T) { // items 150, 152, 154, 155
	r := unasked(t)
	tests := []struct {
		port string
		want string
		code int
	}{
		{"80", all(80), 0},
		{"0", all(0), 0},
		{"080", all(80), 0},
		{"", all(0), 0}, // None
		{"*", all(0), 0},
		{"65535", all(65535), 0},
		{"65536", all(0), 0},
		{"65537", all(1), 0},
		{" 80", all(80), 0},
		{"\t80", all(80), 0},
		{"+80", all(80), 0},
		{"4294967296", all(0), 0},
		{"-4294967295", all(1), 0},
		{"-1", "", sock.EAI_SERVICE},
		{"-2", "", sock.EAI_SERVICE},
		{"2147483648", "", sock.EAI_SERVICE},
		{"4294967295", "", sock.EAI_SERVICE},
		{"99999999999999999999", "", sock.EAI_SERVICE},
		{"-99999999999999999999", "", sock.EAI_SERVICE},
		{"80 ", "", sock.EAI_SERVICE},
		{"0x50", "", sock.EAI_SERVICE},
		{" ", "", sock.EAI_SERVICE},
		{"+", "", sock.EAI_SERVICE},
		{"1_0", "", sock.EAI_SERVICE},
		{"nosuch", "", sock.EAI_SERVICE},
		{"HTTP", "", sock.EAI_SERVICE},
		{"ssh", "1/6:22", 0}, // has a TCP port only
		{"domain", "1/6:53 2/17:53", 0},
	}
	for _, tt := range tests {
		infos, err := r.Getaddrinfo(t.Context(), "127.0.0.1", tt.port, nil)
		if got := sockets(infos); got != tt.want || gaiCode(err) != tt.code {
			t.Errorf("port %q: %q, %v, want %q, code %d", tt.port, got, err, tt.want, tt.code)
		}
		if err == nil {
			continue
		}
		if _, ok := errors.AsType[*net.DNSError](err); !ok {
			t.Errorf("port %q: in %v there is no *net.DNSError", tt.port, err)
		}
	}
	for port, want := range map[string]int{
		"80": 0, "": 0, "*": 0, " 80": 0, "65536": 0, "-1": sock.EAI_SERVICE, "4294967295": sock.EAI_SERVICE,
		"99999999999999999999": sock.EAI_SERVICE, "ssh": sock.EAI_NONAME, "nosuch": sock.EAI_NONAME, " ": sock.EAI_NONAME,
		"80 ": sock.EAI_NONAME, "0x50": sock.EAI_NONAME,
	} {
		infos, err := r.Getaddrinfo(t.Context(), "127.0.0.1", port, &sock.Hints{Flags: sock.AI_NUMERICSERV})
		if gaiCode(err) != want || want == 0 && len(infos) != 3 {
			t.Errorf("port %q with AI_NUMERICSERV: %v, %v, want code %d", port, infos, err, want)
		}
	}
}

func TestGetaddrinfoHints(t *testing.T) { // items 150, 154, 155, 156
	r := unasked(t)
	const stream, dgram, raw, seqpacket = sock.SOCK_STREAM, sock.SOCK_DGRAM, sock.SOCK_RAW, 5
	tests := []struct {
		typ   sock.Type
		proto sock.Protocol
		port  string
		want  string
		code  int
	}{
		{stream, 0, "80", "1/6:80", 0},
		{dgram, 0, "80", "2/17:80", 0},
		{raw, 0, "", "3/0:0", 0},
		{raw, 0, "80", "", sock.EAI_SERVICE},
		{raw, 0, "ssh", "", sock.EAI_SERVICE},
		{raw, 6, "", "3/6:0", 0},
		{seqpacket, 0, "80", "5/132:80", 0},
		{4, 0, "80", "", sock.EAI_SOCKTYPE},
		{99, 0, "", "", sock.EAI_SOCKTYPE},
		{0, 6, "80", "1/6:80", 0},
		{0, 17, "80", "2/17:80", 0},
		{0, 132, "80", "1/132:80", 0},
		{0, 136, "80", "2/136:80", 0},
		{0, 1, "", "3/1:0", 0},
		{0, 99, "", "3/99:0", 0},
		{0, 99, "80", "", sock.EAI_SERVICE},
		{stream, 17, "80", "", sock.EAI_SOCKTYPE},
		{dgram, 6, "80", "", sock.EAI_SOCKTYPE},
		{stream, 132, "80", "1/132:80", 0},
		{dgram, 136, "80", "2/136:80", 0},
		{seqpacket, 6, "80", "", sock.EAI_SOCKTYPE},
		{stream, 0, "ssh", "1/6:22", 0},
		{dgram, 0, "ssh", "", sock.EAI_SERVICE},
		{0, 6, "ssh", "1/6:22", 0},
		{0, 17, "ssh", "", sock.EAI_SERVICE},
	}
	if runtime.GOOS == "linux" { // SOCK_DCCP
		tests = append(tests, tests[0], tests[0])
		tests[len(tests)-2].typ, tests[len(tests)-2].want = 6, "6/33:80"
		tests[len(tests)-1].typ, tests[len(tests)-1].proto, tests[len(tests)-1].want = 0, 33, "6/33:80"
	}
	for _, tt := range tests {
		infos, err := r.Getaddrinfo(t.Context(), "127.0.0.1", tt.port, &sock.Hints{Type: tt.typ, Proto: tt.proto})
		if got := sockets(infos); got != tt.want || gaiCode(err) != tt.code {
			t.Errorf("type %d, proto %d, port %q: %q, %v, want %q, code %d", tt.typ, tt.proto, tt.port, got, err, tt.want, tt.code)
		}
	}
	for _, tt := range []struct {
		name, host, port string
		hints            sock.Hints
		code             int
	}{
		{"a family of no hosts", "127.0.0.1", "80", sock.Hints{Family: sock.AF_UNIX}, sock.EAI_FAMILY},
		{"an unknown family", "127.0.0.1", "80", sock.Hints{Family: 99}, sock.EAI_FAMILY},
		{"unknown flags", "127.0.0.1", "80", sock.Hints{Flags: 0x8000}, sock.EAI_BADFLAGS},
		{"AI_CANONNAME of nothing", "", "80", sock.Hints{Flags: sock.AI_CANONNAME}, sock.EAI_BADFLAGS},
		{"AI_CANONNAME of *", "*", "80", sock.Hints{Flags: sock.AI_CANONNAME}, sock.EAI_BADFLAGS},
		{"neither host nor port", "", "", sock.Hints{}, sock.EAI_NONAME}, // item 153
		{"* and *", "*", "*", sock.Hints{}, sock.EAI_NONAME},
		{"a name with AI_NUMERICHOST", "localhost", "80", sock.Hints{Flags: sock.AI_NUMERICHOST}, sock.EAI_NONAME},
		{"a service with AI_NUMERICSERV, and the family", "127.0.0.1", "ssh", sock.Hints{Family: 99, Flags: sock.AI_NUMERICSERV}, sock.EAI_FAMILY},
		{"both of the flags and the family", "127.0.0.1", "80", sock.Hints{Family: 99, Flags: 0x8000}, sock.EAI_BADFLAGS},
	} {
		infos, err := r.Getaddrinfo(t.Context(), tt.host, tt.port, &tt.hints)
		if gaiCode(err) != tt.code {
			t.Errorf("%s: %v, %v, want code %d", tt.name, infos, err, tt.code)
		}
		if _, ok := errors.AsType[*net.DNSError](err); !ok {
			t.Errorf("%s: in %v there is no *net.DNSError", tt.name, err)
		}
	}
}

func TestGetaddrinfoNoHost(t *testing.T) { // item 153
	r := unasked(t)
	for _, tt := range []struct {
		hints sock.Hints
		want  []string
	}{
		{sock.Hints{}, []string{"[::1]:80", "127.0.0.1:80"}},
		{sock.Hints{Family: sock.AF_INET}, []string{"127.0.0.1:80"}},
		{sock.Hints{Family: sock.AF_INET6}, []string{"[::1]:80"}},
		{sock.Hints{Flags: sock.AI_PASSIVE}, []string{"0.0.0.0:80", "[::]:80"}},
		{sock.Hints{Flags: sock.AI_PASSIVE, Family: sock.AF_INET}, []string{"0.0.0.0:80"}},
		{sock.Hints{Flags: sock.AI_PASSIVE, Family: sock.AF_INET6}, []string{"[::]:80"}},
		{sock.Hints{Flags: sock.AI_NUMERICHOST}, []string{"[::1]:80", "127.0.0.1:80"}},
	} {
		tt.hints.Type = sock.SOCK_STREAM
		for _, host := range []string{"", "*"} {
			infos, err := r.Getaddrinfo(t.Context(), host, "80", &tt.hints)
			if got := hosts(infos); !slices.Equal(got, tt.want) || err != nil {
				t.Errorf("%q, %+v: %v, %v, want %v", host, tt.hints, got, err, tt.want)
			}
		}
	}
	// Without a port the addresses are the same.
	if infos, err := r.Getaddrinfo(t.Context(), "", "0", nil); len(infos) != 6 || err != nil {
		t.Errorf("%v, %v", infos, err)
	}
}

// loopback returns the loopback interface of this machine.
func loopback(t *testing.T) net.Interface {
	t.Helper()
	all, err := net.Interfaces()
	if err != nil {
		t.Fatal(err)
	}
	for _, ifi := range all {
		if ifi.Flags&net.FlagLoopback != 0 {
			return ifi
		}
	}
	t.Skip("no interface is called a loopback: one would do")
	return net.Interface{}
}

func TestGetaddrinfoNumeric(t *testing.T) { // items 151, 156, 157, 158
	r := unasked(t)
	lo := loopback(t)
	scope := uint32(lo.Index)
	six := func(host string, scope uint32) sock.Addr { return families.Inet6Scoped(host, 80, 0, scope) }
	four := sock.Inet("127.0.0.1", 80)
	addrFamily := sock.EAI_NONAME // on Windows
	if runtime.GOOS != "windows" {
		addrFamily = sock.EAI_NONAME - 7 // EAI_ADDRFAMILY of glibc and OpenBSD
		if sock.EAI_NONAME > 0 {
			addrFamily = 1 // of the other BSDs
		}
	}
	const none = 0
	for _, tt := range []struct {
		host         string
		unspec, inet sock.Addr // the zero Addr: the error in codes
		inet6        sock.Addr
		codes        [3]int
	}{
		{"127.0.0.1", four, four, sock.Addr{}, [3]int{none, none, addrFamily}},
		{"127.1", four, four, sock.Addr{}, [3]int{none, none, addrFamily}},
		{"0x7f.1", four, four, sock.Addr{}, [3]int{none, none, addrFamily}},
		{"0177.1", four, four, sock.Addr{}, [3]int{none, none, addrFamily}},
		{"2130706433", four, four, sock.Addr{}, [3]int{none, none, addrFamily}},
		{"127\u30020\uff0e0\uff611", four, four, sock.Addr{}, [3]int{none, none, addrFamily}}, // IDNA
		{"::1", six("::1", 0), sock.Addr{}, six("::1", 0), [3]int{none, addrFamily, none}},
		{"::1.2.3.4", six("::1.2.3.4", 0), sock.Addr{}, six("::1.2.3.4", 0), [3]int{none, addrFamily, none}},
		{"::ffff:127.0.0.1", six("::ffff:127.0.0.1", 0), four, six("::ffff:127.0.0.1", 0), [3]int{}},
		{"::ffff:127.0.0.1%1", six("::ffff:127.0.0.1", 1), four, six("::ffff:127.0.0.1", 1), [3]int{}},
		{"::ffff:127.0.0.1%nosuch", sock.Addr{}, sock.Addr{}, sock.Addr{}, [3]int{sock.EAI_NONAME, sock.EAI_NONAME, sock.EAI_NONAME}},
		{"fe80::1%" + lo.Name, six("fe80::1", scope), sock.Addr{}, six("fe80::1", scope), [3]int{none, addrFamily, none}},
		{"ff02::1%" + lo.Name, six("ff02::1", scope), sock.Addr{}, six("ff02::1", scope), [3]int{none, addrFamily, none}},
		{"ff01::1%" + lo.Name, six("ff01::1", scope), sock.Addr{}, six("ff01::1", scope), [3]int{none, addrFamily, none}},
		{"fe80::1%1", six("fe80::1", 1), sock.Addr{}, six("fe80::1", 1), [3]int{none, addrFamily, none}},
		{"fe80::1%9999", six("fe80::1", 9999), sock.Addr{}, six("fe80::1", 9999), [3]int{none, addrFamily, none}},
		{"fe80::1%0", six("fe80::1", 0), sock.Addr{}, six("fe80::1", 0), [3]int{none, addrFamily, none}},
		{"2001:db8::1%3", six("2001:db8::1", 3), sock.Addr{}, six("2001:db8::1", 3), [3]int{none, addrFamily, none}},
		{"2001:db8::1%" + lo.Name, sock.Addr{}, sock.Addr{}, sock.Addr{}, [3]int{sock.EAI_NONAME, addrFamily, sock.EAI_NONAME}},
		{"ff05::1%" + lo.Name, sock.Addr{}, sock.Addr{}, sock.Addr{}, [3]int{sock.EAI_NONAME, addrFamily, sock.EAI_NONAME}},
		{"fe80::1%nosuch", sock.Addr{}, sock.Addr{}, sock.Addr{}, [3]int{sock.EAI_NONAME, addrFamily, sock.EAI_NONAME}},
		{"fe80::1%", sock.Addr{}, sock.Addr{}, sock.Addr{}, [3]int{sock.EAI_NONAME, addrFamily, sock.EAI_NONAME}},
		{"fe80::1%-1", sock.Addr{}, sock.Addr{}, sock.Addr{}, [3]int{sock.EAI_NONAME, addrFamily, sock.EAI_NONAME}},
		{"fe80::1%0x1", sock.Addr{}, sock.Addr{}, sock.Addr{}, [3]int{sock.EAI_NONAME, addrFamily, sock.EAI_NONAME}},
		{"fe80::1%4294967296", sock.Addr{}, sock.Addr{}, sock.Addr{}, [3]int{sock.EAI_NONAME, addrFamily, sock.EAI_NONAME}},

		// With AI_NUMERICHOST these cause no query.
		{"1.2.3.4 ", sock.Addr{}, sock.Addr{}, sock.Addr{}, [3]int{sock.EAI_NONAME, sock.EAI_NONAME, sock.EAI_NONAME}},
		{" 1.2.3.4", sock.Addr{}, sock.Addr{}, sock.Addr{}, [3]int{sock.EAI_NONAME, sock.EAI_NONAME, sock.EAI_NONAME}},
		{"127.0.0.1%1", sock.Addr{}, sock.Addr{}, sock.Addr{}, [3]int{sock.EAI_NONAME, sock.EAI_NONAME, sock.EAI_NONAME}},
		{"256.1.1.1", sock.Addr{}, sock.Addr{}, sock.Addr{}, [3]int{sock.EAI_NONAME, sock.EAI_NONAME, sock.EAI_NONAME}},
		{"1.2.3.4.5", sock.Addr{}, sock.Addr{}, sock.Addr{}, [3]int{sock.EAI_NONAME, sock.EAI_NONAME, sock.EAI_NONAME}},
		{"08", sock.Addr{}, sock.Addr{}, sock.Addr{}, [3]int{sock.EAI_NONAME, sock.EAI_NONAME, sock.EAI_NONAME}},
		{"[::1]", sock.Addr{}, sock.Addr{}, sock.Addr{}, [3]int{sock.EAI_NONAME, sock.EAI_NONAME, sock.EAI_NONAME}},
	} {
		for i, family := range []sock.Family{sock.AF_UNSPEC, sock.AF_INET, sock.AF_INET6} {
			want := []sock.Addr{tt.unspec, tt.inet, tt.inet6}[i]
			infos, err := r.Getaddrinfo(t.Context(), tt.host, "80",
				&sock.Hints{Family: family, Type: sock.SOCK_STREAM, Flags: sock.AI_NUMERICHOST | sock.AI_CANONNAME})
			if gaiCode(err) != tt.codes[i] || len(infos) > 1 || len(infos) == 1 && infos[0].Addr != want {
				t.Errorf("%q, family %d: %v, %v, want %v, code %d", tt.host, family, hosts(infos), err, want, tt.codes[i])
			}
			if err != nil {
				continue
			}
			if got := infos[0].Family; got != sock.Family(families.Host.FamilyOf(want)) {
				t.Errorf("%q, family %d: it is of family %d", tt.host, family, got)
			}
			if canon := strings.NewReplacer("\u3002", ".", "\uff0e", ".", "\uff61", ".").Replace(tt.host); infos[0].Canonname != canon {
				t.Errorf("%q: the canonical name is %q, want %q", tt.host, infos[0].Canonname, canon)
			}
		}
	}
}

func TestGetaddrinfoCanonnameOnce(t *testing.T) { // item 155
	infos, err := unasked(t).Getaddrinfo(t.Context(), "127.1", "", &sock.Hints{Flags: sock.AI_CANONNAME})
	if err != nil || len(infos) != 3 {
		t.Fatalf("%v, %v", infos, err)
	}
	for i, info := range infos {
		if want := map[int]string{0: "127.1"}[i]; info.Canonname != want {
			t.Errorf("entry %d has %q, want %q", i, info.Canonname, want)
		}
	}
}

// In Python a UnicodeError.
func TestGetaddrinfoBadHost(t *testing.T) { // item 151
	long := strings.Repeat("a", 64)
	for _, host := range []string{"a..b", ".", ".a", long, long + ".a", "a." + long, strings.Repeat("\u00fc", 64), "\u00fc..a", "1..2"} {
		if infos, err := unasked(t).Getaddrinfo(t.Context(), host, "80", nil); argRule(err) != "label empty or too long" {
			t.Errorf("%q: %v, %v", host, infos, err)
		}
	}
	for host, want := range map[string]string{
		"a\x00b":           "host name must not contain null character",
		"a\xff":            "host name is not UTF-8",
		"xn--\u00fc.test":  "Label starts with ACE prefix",
		"127.0.0.1\x00.de": "host name must not contain null character",
	} {
		if infos, err := unasked(t).Getaddrinfo(t.Context(), host, "80", nil); argRule(err) != want {
			t.Errorf("%q: %v, %v, want %q", host, infos, err, want)
		}
	}
}

// A callback and a task must not block. So every function that could ask a server fails there, for
// any argument.
func TestNameFunctionsOnALoop(t *testing.T) {
	bare.Localhost(t)
	socktest.Check(t)
	r := unasked(t)
	ctx := t.Context()
	functions := map[string]func() error{
		"Getaddrinfo":     func() error { _, err := r.Getaddrinfo(ctx, "localhost", "80", nil); return err },
		"Getnameinfo":     func() error { _, _, err := r.Getnameinfo(ctx, somewhere, 0); return err },
		"Gethostbyname":   func() error { _, err := r.Gethostbyname(ctx, "localhost"); return err },
		"GethostbynameEx": func() error { _, err := r.GethostbynameEx(ctx, "localhost"); return err },
		"Gethostbyaddr":   func() error { _, err := r.Gethostbyaddr(ctx, "127.0.0.1"); return err },
		"Getfqdn":         func() error { _, err := r.Getfqdn(ctx, ""); return err },
		"Getservbyname":   func() error { _, err := sock.Getservbyname("http", ""); return err },
		"Getservbyport":   func() error { _, err := sock.Getservbyport(80, ""); return err },
		"Getprotobyname":  func() error { _, err := sock.Getprotobyname("tcp"); return err },
	}
	reactor, err := loop.Default()
	socktest.Must(t, err)
	l := reactor.Next()
	for name, call := range functions {
		var inTask error
		if err := l.Go(func(*loop.Task) { inTask = call() }).Wait(ctx); err != nil || inTask != loop.ErrOnLoop {
			t.Errorf("%s in a task: %v, %v, want ErrOnLoop", name, inTask, err)
		}
		said := make(chan error, 1)
		l.Post(func() { said <- call() })
		if err := <-said; err != loop.ErrOnLoop {
			t.Errorf("%s in a callback: %v, want ErrOnLoop", name, err)
		}
	}
}
