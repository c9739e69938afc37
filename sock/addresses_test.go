package sock_test

import (
	"errors"
	"testing"

	"github.com/polluxio/pollux/families"
	"github.com/polluxio/pollux/sock"
)

func TestParse(t *testing.T) {
	for _, tt := range []struct {
		text string
		want sock.Addr
	}{
		{"127.0.0.1:80", sock.Inet("127.0.0.1", 80)},
		{"localhost:80", sock.Inet("localhost", 80)},
		{"[::1]:80", sock.Inet6("::1", 80)},
		{"[fe80::1%2]:80", sock.Inet6Scoped("fe80::1", 80, 0, 2)},
		{"/path", sock.Unix("/path")},
		{"unix:relative", sock.Unix("relative")},
	} {
		if got, err := sock.Parse(tt.text); got != tt.want || err != nil {
			t.Errorf("%q: %v, %v; want %v", tt.text, got, err, tt.want)
		}
	}
	var bad *families.AddrError
	if a, err := sock.Parse("no port"); !errors.As(err, &bad) {
		t.Errorf("%v, %v; want an AddrError", a, err)
	}
}
