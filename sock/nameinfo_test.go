package sock_test

import (
	"errors"
	"net"
	"runtime"
	"testing"

	"github.com/polluxio/pollux/families"
	"github.com/polluxio/pollux/sock"
	"github.com/polluxio/pollux/sock/socktest"
)

func TestGetnameinfoNumeric(t *testing.T) { // items 159, 160
	r := unasked(t)
	lo := loopback(t)
	scope := uint32(lo.Index)
	const numeric = sock.NI_NUMERICHOST | sock.NI_NUMERICSERV
	for _, tt := range []struct {
		addr          sock.Addr
		host, service string
	}{
		{sock.Inet("127.0.0.1", 80), "127.0.0.1", "80"},
		{sock.Inet("127.1", 80), "127.0.0.1", "80"},
		{sock.Inet("", 80), "0.0.0.0", "80"}, // in Python "" is not a host here
		{sock.Inet("127.0.0.1", 65536), "127.0.0.1", "0"},
		{sock.Inet6("::1", 80), "::1", "80"},
		{sock.Inet("::1", 80), "::1", "80"}, // Python has no other form for it
		{sock.Inet6("::1.2.3.4", 80), "::1.2.3.4", "80"},
		{sock.Inet6("::ffff:1.2.3.4", 80), "::ffff:1.2.3.4", "80"},
		{families.Inet6Scoped("::1", 80, 1, 0), "::1", "80"},
		{families.Inet6Scoped("::1", 80, 0xfffff, 0), "::1", "80"},
		{families.Inet6Scoped("fe80::1", 80, 0, scope), "fe80::1%" + lo.Name, "80"},
		{families.Inet6Scoped("fe80::1", 80, 0, 9999), "fe80::1%9999", "80"},
		{families.Inet6Scoped("ff02::1", 80, 0, scope), "ff02::1%" + lo.Name, "80"},
		{families.Inet6Scoped("ff01::1", 80, 0, 1), "ff01::1%1", "80"},
		{families.Inet6Scoped("ff05::1", 80, 0, 1), "ff05::1%1", "80"},
		{families.Inet6Scoped("2001:db8::1", 80, 0, 1), "2001:db8::1%1", "80"},
		{sock.Inet6("fe80::1%1", 80), "fe80::1", "80"}, // the scope in the text is lost
	} {
		host, service, err := r.Getnameinfo(t.Context(), tt.addr, numeric)
		if host != tt.host || service != tt.service || err != nil {
			t.Errorf("%v: %q, %q, %v, want %q, %q", tt.addr, host, service, err, tt.host, tt.service)
		}
	}
	// The scope of this address is still the name of an interface.
	a, err := families.Parse("[fe80::1%" + lo.Name + "]:80")
	socktest.Must(t, err)
	if host, _, err := r.Getnameinfo(t.Context(), a, numeric); host != "fe80::1%"+lo.Name || err != nil {
		t.Errorf("%v: %q, %v", a, host, err)
	}
}

func TestGetnameinfoRefuses(t *testing.T) { // item 159
	r := unasked(t)
	const numeric = sock.NI_NUMERICHOST | sock.NI_NUMERICSERV
	noScope, err := families.Parse("[fe80::1%nosuch]:80")
	socktest.Must(t, err)
	for _, tt := range []struct {
		name  string
		addr  sock.Addr
		flags int
		code  int
	}{
		{"a name", sock.Inet("localhost", 80), numeric, sock.EAI_NONAME},
		{"<broadcast>", sock.Inet6("<broadcast>", 80), numeric, sock.EAI_NONAME},
		{"an interface that is not there", noScope, numeric, sock.EAI_NONAME},
		{"such an interface in the host", sock.Inet6("fe80::1%nosuch", 80), numeric, sock.EAI_NONAME},
		{"a scope and such an interface in the host", families.Inet6Scoped("fe80::1%nosuch", 80, 0, 1), numeric, sock.EAI_NONAME},
		{"a scope of no link in the host", sock.Inet6("2001:db8::1%-1", 80), numeric, sock.EAI_NONAME},
		{"a negative port", sock.Inet("127.0.0.1", -1), numeric, sock.EAI_SERVICE},
		{"a negative port, and a name", sock.Inet("localhost", -1), numeric, sock.EAI_SERVICE},
		{"another family", sock.Unix("/run/app"), numeric, sock.EAI_FAMILY},
		{"no address", sock.Addr{}, numeric, sock.EAI_FAMILY},
		{"unknown flags", sock.Inet("127.0.0.1", 80), 0x1000, sock.EAI_BADFLAGS},
		{"a number and no number", sock.Inet("127.0.0.1", 80), numeric | sock.NI_NAMEREQD, sock.EAI_NONAME}, // item 160
	} {
		host, service, err := r.Getnameinfo(t.Context(), tt.addr, tt.flags)
		if gaiCode(err) != tt.code {
			t.Errorf("%s: %q, %q, %v, want code %d", tt.name, host, service, err, tt.code)
		}
		if _, ok := errors.AsType[*net.DNSError](err); !ok {
			t.Errorf("%s: in %v there is no *net.DNSError", tt.name, err)
		}
	}
	for _, tt := range []struct {
		addr sock.Addr
		want string
	}{
		{families.Inet6Scoped("::1", 80, 0x100000, 0), "getnameinfo(): flowinfo must be 0-1048575."},
		{sock.Inet6("127.0.0.1", 80), "IPv4 sockaddr must be 2 tuple"},
		{families.Inet6Scoped("127.0.0.1", 80, 0, 1), "IPv4 sockaddr must be 2 tuple"},
	} {
		if _, _, err := r.Getnameinfo(t.Context(), tt.addr, numeric); argRule(err) != tt.want {
			t.Errorf("%v: %v, want %q", tt.addr, err, tt.want)
		}
	}
}

func TestGetnameinfoService(t *testing.T) { // item 160
	r := unasked(t)
	for _, tt := range []struct {
		port, flags int
		want        string
	}{
		{22, 0, "ssh"},
		{22, sock.NI_DGRAM, "22"},
		{22, sock.NI_NUMERICSERV, "22"},
		{514, sock.NI_DGRAM, "syslog"},
		{53, sock.NI_DGRAM, "domain"},
		{54321, 0, "54321"},
		{65536 + 22, 0, "ssh"},
	} {
		_, got, err := r.Getnameinfo(t.Context(), sock.Inet("127.0.0.1", tt.port), sock.NI_NUMERICHOST|tt.flags)
		if got != tt.want || err != nil {
			t.Errorf("port %d, flags %d: %q, %v, want %q", tt.port, tt.flags, got, err, tt.want)
		}
	}
}

func TestGetnameinfoAsks(t *testing.T) { // item 160
	r := serveDNS(t, "", testZone).resolver()
	socktest.Check(t)
	const required = sock.NI_NAMEREQD
	for _, tt := range []struct {
		addr  sock.Addr
		flags int
		want  string
		code  int
	}{
		{sock.Inet("192.0.2.1", 80), 0, "both.test", 0},
		{sock.Inet("192.0.2.1", 80), required, "both.test", 0},
		{sock.Inet6("2001:db8::1", 80), required, "both.test", 0},
		{sock.Inet6("::ffff:192.0.2.1", 80), required, "both.test", 0},
		{sock.Inet("192.0.2.6", 80), required, "big.test", 0},
		{sock.Inet("192.0.2.7", 80), required, "delegated.test", 0}, // RFC 2317
		{sock.Inet("192.0.2.8", 80), 0, "xn--bcher-kva.test", 0},
		{sock.Inet("192.0.2.10", 80), required, "good.test", 0}, // and a name that is not a valid host name
		{sock.Inet("192.0.2.11", 80), 0, "192.0.2.11", 0},       // only such a name
		{sock.Inet("192.0.2.11", 80), required, "", sock.EAI_NONAME},
		{sock.Inet("192.0.2.3", 80), 0, "192.0.2.3", 0},
		{sock.Inet("192.0.2.3", 80), required, "", sock.EAI_NONAME},
		{sock.Inet("192.0.2.99", 80), 0, "192.0.2.99", 0},
		{sock.Inet("192.0.2.99", 80), required, "", sock.EAI_NONAME},
		{families.Inet6Scoped("2001:db8::99", 80, 0, 1), 0, "2001:db8::99%1", 0},
		{sock.Inet("192.0.2.2", 80), 0, "", sock.EAI_AGAIN}, // SERVFAIL
		{sock.Inet("192.0.2.2", 80), required, "", sock.EAI_AGAIN},
		{sock.Inet("192.0.2.2", 80), sock.NI_NUMERICHOST, "192.0.2.2", 0},
	} {
		host, _, err := r.Getnameinfo(t.Context(), tt.addr, tt.flags)
		if host != tt.want || gaiCode(err) != tt.code {
			t.Errorf("%v, flags %d: %q, %v, want %q, code %d", tt.addr, tt.flags, host, err, tt.want, tt.code)
		}
	}
	if runtime.GOOS == "linux" {
		const niIDN = 0x20
		if host, _, err := r.Getnameinfo(t.Context(), sock.Inet("192.0.2.8", 80), niIDN); host != "b\u00fccher.test" || err != nil {
			t.Errorf("NI_IDN: %q, %v", host, err)
		}
	}
}
