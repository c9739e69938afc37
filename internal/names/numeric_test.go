package names

import (
	"errors"
	"testing"
)

func TestNumericHost(t *testing.T) {
	for host, want := range map[string]string{
		"127.0.0.1":    "127.0.0.1",
		"127.1":        "127.0.0.1",
		"0x7f.1":       "127.0.0.1",
		"017700000001": "127.0.0.1",
		"::1":          "::1",
		"fe80::1%eth0": "fe80::1%eth0",
		"fe80::1%2":    "fe80::1%2",
		"fe80::1%":     "fe80::1%%", // an error later, in withScope
		"127.0.0.1%1":  "",
		"localhost":    "",
		"":             "",
		"127.0.0.256":  "",
		"[::1]":        "",
	} {
		ip, ok := numericHost(host)
		if ok != (want != "") || ok && ip.String() != want {
			t.Errorf("%q: %v, %v, want %q", host, ip, ok, want)
		}
	}
}

func TestWithScope(t *testing.T) {
	for _, tt := range []struct {
		host, want string // "" for an error
	}{
		{"::1", "::1"},
		{"::1%7", "::1%7"},
		{"::1%lo", ""}, // a name is for an address of one link only
		{"fe80::1%7", "fe80::1%7"},
		{"fe80::1%nosuch0", ""},
		{"fe80::1%", ""},
		{"fe80::1%4294967296", ""},
	} {
		ip, _ := numericHost(tt.host)
		got, err := withScope(ip)
		if err == nil && got.String() != tt.want || err != nil && (tt.want != "" || !errors.Is(err, &Error{Code: UnknownName})) {
			t.Errorf("%s: %v, %v, want %q", tt.host, got, err, tt.want)
		}
	}
}

func FuzzNumericHost(f *testing.F) {
	for _, host := range []string{"127.1", "0x7f.1", "fe80::1%eth0", "fe80::1%", "::ffff:1.2.3.4%3", "host", ""} {
		f.Add(host)
	}
	f.Fuzz(func(t *testing.T, host string) {
		ip, ok := numericHost(host)
		if !ok {
			return
		}
		if !ip.IsValid() {
			t.Fatalf("%q is an address without a value", host)
		}
		again, ok := numericHost(ip.WithZone("").String())
		if !ok || again != ip.WithZone("") {
			t.Errorf("%q is %v, and that is %v, %v", host, ip, again, ok)
		}
		if scoped, err := withScope(ip); err == nil && scoped.WithZone("") != ip.WithZone("") {
			t.Errorf("%q: the scope changes %v to %v", host, ip, scoped)
		}
	})
}
