package sock_test

import (
	"errors"
	"testing"

	"github.com/polluxio/pollux/sock"
)

// The tables of every system, and the built-in ones, have these services.

func TestGetservbyname(t *testing.T) { // item 165
	for _, tt := range []struct {
		name, proto string
		want        int // 0 for an error
	}{
		{"ssh", "", 22},
		{"ssh", "tcp", 22},
		{"smtp", "tcp", 25},
		{"mail", "tcp", 25}, // an alias
		{"domain", "udp", 53},
		{"domain", "tcp", 53},
		{"tftp", "udp", 69},
		{"tftp", "", 69},
		{"tftp", "tcp", 0},
		{"nosuch", "", 0},
		{"SSH", "", 0},
		{"ssh", "TCP", 0},
		{"ssh", "icmp", 0},
		{"", "", 0},
		{"22", "", 0},
		{"#", "", 0},
	} {
		got, err := sock.Getservbyname(tt.name, tt.proto)
		if got != tt.want || errors.Is(err, sock.ErrNoService) != (tt.want == 0) {
			t.Errorf("%q, %q: %d, %v, want %d", tt.name, tt.proto, got, err, tt.want)
		}
	}
	if sock.ErrNoService.Error() != "service/proto not found" {
		t.Error(sock.ErrNoService)
	}
}

func TestGetservbyport(t *testing.T) { // item 165
	for _, tt := range []struct {
		port  int
		proto string
		want  string // "" for an error
	}{
		{22, "", "ssh"},
		{22, "tcp", "ssh"},
		{53, "udp", "domain"},
		{514, "udp", "syslog"},
		{69, "tcp", ""},
		{22, "TCP", ""},
		{0, "", ""},
		{65535, "tcp", ""},
	} {
		got, err := sock.Getservbyport(tt.port, tt.proto)
		if got != tt.want || errors.Is(err, sock.ErrNoPort) != (tt.want == "") {
			t.Errorf("%d, %q: %q, %v, want %q", tt.port, tt.proto, got, err, tt.want)
		}
	}
	if sock.ErrNoPort.Error() != "port/proto not found" {
		t.Error(sock.ErrNoPort)
	}
	for _, port := range []int{-1, 65536, 1 << 30} {
		if _, err := sock.Getservbyport(port, ""); argRule(err) != "getservbyport: port must be 0-65535." {
			t.Errorf("%d: %v", port, err)
		}
	}
}

func TestGetprotobyname(t *testing.T) { // item 166
	for name, want := range map[string]int{
		"tcp": 6, "TCP": 6, "udp": 17, "icmp": 1, "ipv6-icmp": 58, "ip": 0, "IP": 0, "nosuch": -1, "Tcp": -1, "": -1, "6": -1,
	} {
		got, err := sock.Getprotobyname(name)
		if want < 0 && !errors.Is(err, sock.ErrNoProtocol) || want >= 0 && (got != want || err != nil) {
			t.Errorf("%q: %d, %v, want %d", name, got, err, want)
		}
	}
	if sock.ErrNoProtocol.Error() != "protocol not found" {
		t.Error(sock.ErrNoProtocol)
	}
}
