package sock_test

import (
	"errors"
	"net"
	"reflect"
	"testing"

	"github.com/polluxio/pollux/sock"
	"github.com/polluxio/pollux/sock/socktest"
)

// gaiWords returns Python's text for err, which must contain a *net.DNSError. It returns "" if err
// is neither a gaierror nor a herror.
func gaiWords(err error) string {
	if _, ok := errors.AsType[*net.DNSError](err); !ok {
		return ""
	}
	if e, ok := errors.AsType[*sock.GaiError](err); ok {
		return "gaierror: " + e.Text()
	}
	if e, ok := errors.AsType[*sock.HError](err); ok {
		return "herror: " + e.Text()
	}
	return ""
}

// noData is Python's text for EAI_NODATA. On Windows it is that of EAI_NONAME, which has the same
// number.
var noData = func() string {
	if sock.EAI_NODATA == sock.EAI_NONAME {
		return noName
	}
	return "gaierror: No address associated with hostname"
}()

const (
	noName     = "gaierror: Name or service not known"
	tryAgain   = "gaierror: Temporary failure in name resolution"
	unknown    = "herror: Unknown host"
	noRecovery = "herror: Unknown server error"
)

func TestGethostbyname(t *testing.T) { // items 161, 163
	r := serveDNS(t, "", testZone).resolver()
	socktest.Check(t)
	for _, tt := range []struct{ host, want, words string }{
		{"", "0.0.0.0", ""},
		{"<broadcast>", "255.255.255.255", ""},
		{"255.255.255.255", "255.255.255.255", ""},
		{"127.0.0.1", "127.0.0.1", ""},
		{"127.1", "127.0.0.1", ""},
		{"::ffff:127.0.0.1", "127.0.0.1", ""},
		{"v4.test.", "192.0.2.7", ""},
		{"b\u00fccher.test.", "192.0.2.40", ""},
		{"v6.test.", "", noData},
		{"nosuch.test.", "", noName},
		{"servfail.test.", "", tryAgain},
	} {
		if got, err := r.Gethostbyname(t.Context(), tt.host); got != tt.want || gaiWords(err) != tt.words {
			t.Errorf("%q: %q, %v, want %q, %s", tt.host, got, err, tt.want, tt.words)
		}
	}
	if got, err := r.Gethostbyname(t.Context(), "::1"); gaiCode(err) == 0 || gaiCode(err) == sock.EAI_AGAIN { // EAI_ADDRFAMILY
		t.Errorf("::1: %q, %v", got, err)
	}
	for _, host := range []string{"a..b", "a\x00b"} { // items 151, 164
		if got, err := r.Gethostbyname(t.Context(), host); !errors.As(err, new(*sock.ArgError)) {
			t.Errorf("%q: %q, %v", host, got, err)
		}
	}
}

func TestGethostbynameEx(t *testing.T) { // items 162, 163
	r := serveDNS(t, "", testZone).resolver()
	socktest.Check(t)
	both := []string{"192.0.2.1", "192.0.2.2"}
	for _, tt := range []struct {
		host  string
		want  sock.Hostent
		words string
	}{
		{"both.test.", sock.Hostent{Name: "both.test", Addrs: both}, ""},
		{"alias.test.", sock.Hostent{Name: "both.test", Aliases: []string{"alias.test"}, Addrs: both}, ""},
		{"127.0.0.1", sock.Hostent{Name: "127.0.0.1", Addrs: []string{"127.0.0.1"}}, ""},
		{"127.1", sock.Hostent{Name: "127.1", Addrs: []string{"127.0.0.1"}}, ""},
		{"nosuch.test.", sock.Hostent{}, noName},
		{"v6.test.", sock.Hostent{}, noData},
		{"servfail.test.", sock.Hostent{}, tryAgain},
		{"", sock.Hostent{}, noRecovery},
		{"<broadcast>", sock.Hostent{}, noRecovery},
	} {
		if got, err := r.GethostbynameEx(t.Context(), tt.host); !reflect.DeepEqual(got, tt.want) || gaiWords(err) != tt.words {
			t.Errorf("%q: %+v, %v, want %+v, %s", tt.host, got, err, tt.want, tt.words)
		}
	}
}

func TestGethostbyaddr(t *testing.T) { // items 4, 162, 163
	r := serveDNS(t, "", testZone).resolver()
	socktest.Check(t)
	host := func(addr, name string, aliases ...string) sock.Hostent {
		return sock.Hostent{Name: name, Aliases: append([]string{}, aliases...), Addrs: []string{addr}}
	}
	for _, tt := range []struct {
		host  string
		want  sock.Hostent
		words string
	}{
		{"192.0.2.1", host("192.0.2.1", "both.test", "second.test"), ""},
		{"192.0.2.4", host("192.0.2.4", "dotless"), ""},
		{"192.0.2.6", host("192.0.2.6", "big.test"), ""},
		{"192.0.2.7", host("192.0.2.7", "delegated.test"), ""},
		{"2001:db8::1", host("2001:db8::1", "both.test"), ""},
		{"192.0.2.10", host("192.0.2.10", "good.test"), ""}, // and a name that is not a valid host name
		{"192.0.2.11", sock.Hostent{}, unknown},             // only such a name
		{"v4.test.", host("192.0.2.7", "delegated.test"), ""},
		{"192.0.2.99", sock.Hostent{}, unknown},
		{"192.0.2.3", sock.Hostent{}, unknown}, // glibc: NO_DATA
		{"192.0.2.2", sock.Hostent{}, "herror: Host name lookup failure"},
		{"v6.test.", sock.Hostent{}, unknown},
		{"<broadcast>", sock.Hostent{}, unknown},
		{"nosuch.test.", sock.Hostent{}, noName},
		{"servfail.test.", sock.Hostent{}, tryAgain},
	} {
		if got, err := r.Gethostbyaddr(t.Context(), tt.host); !reflect.DeepEqual(got, tt.want) || gaiWords(err) != tt.words {
			t.Errorf("%q: %+v, %v, want %+v, %s", tt.host, got, err, tt.want, tt.words)
		}
	}
	if _, err := r.Gethostbyaddr(t.Context(), ""); argRule(err) != "wildcard resolved to multiple address" {
		t.Errorf(`"": %v`, err)
	}
	if _, err := r.Gethostbyaddr(t.Context(), "a\x00b"); argRule(err) != "host name must not contain null character" { // item 164
		t.Errorf("a NUL: %v", err)
	}
}

func TestGetfqdn(t *testing.T) { // item 167
	r := serveDNS(t, "", testZone).resolver()
	socktest.Check(t)
	for name, want := range map[string]string{
		"192.0.2.1":       "both.test",
		" 192.0.2.1 \n":   "both.test",
		"192.0.2.4":       "dotless",     // no name has a domain
		"192.0.2.5":       "dotted.test", // the second has
		"v4.test.":        "delegated.test",
		"192.0.2.99":      "192.0.2.99", // no name
		"2001:db8::99":    "2001:db8::99",
		"nosuch.test.":    "nosuch.test.",
		"servfail.test.":  "servfail.test.",
		"not a name at a": "not a name at a",
		"a..b":            "a..b",
	} {
		if got, err := r.Getfqdn(t.Context(), name); got != want || err != nil {
			t.Errorf("%q: %q, %v, want %q", name, got, err, want)
		}
	}
	own, err := r.Getfqdn(t.Context(), "")
	if own == "" || err != nil {
		t.Errorf("this host: %q, %v", own, err)
	}
	for _, name := range []string{"0.0.0.0", "::", "  "} {
		if got, err := r.Getfqdn(t.Context(), name); got != own || err != nil {
			t.Errorf("%q: %q, %v, want %q as for this host", name, got, err, own)
		}
	}
}
