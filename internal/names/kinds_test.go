package names

import (
	"errors"
	"slices"
	"syscall"
	"testing"
)

func TestPortNumber(t *testing.T) {
	for _, tt := range []struct {
		port    string
		n       int32
		decimal bool
	}{
		{"80", 80, true},
		{" \t80", 80, true},
		{"+80", 80, true},
		{"-1", -1, true},
		{"65616", 65616, true},                            // the port is 80: the low 16 bits count
		{"4294967296", 0, true},                           // the low 32 bits
		{"18446744073709551616", -1, true},                // ULONG_MAX
		{"99999999999999999999999999999999999", -1, true}, // the same
		{"", -1, false},
		{" ", -1, false},
		{"80 ", -1, false},
		{"+", -1, false},
		{"+-1", -1, false},
		{"0x50", -1, false},
		{"http", -1, false},
	} {
		if n, decimal := portNumber(tt.port); n != tt.n || decimal != tt.decimal {
			t.Errorf("%q: %d, %v, want %d, %v", tt.port, n, decimal, tt.n, tt.decimal)
		}
	}
}

func TestSocketsFor(t *testing.T) {
	const tcp, udp = syscall.IPPROTO_TCP, syscall.IPPROTO_UDP
	for _, tt := range []struct {
		name       string
		typ, proto int
		port       string
		want       []socket
		code       Code // of the error
	}{
		{"a number", 0, 0, "80", []socket{{syscall.SOCK_STREAM, tcp, 80}, {syscall.SOCK_DGRAM, udp, 80}, {syscall.SOCK_RAW, 0, 80}}, 0},
		{"a type", syscall.SOCK_DGRAM, 0, "80", []socket{{syscall.SOCK_DGRAM, udp, 80}}, 0},
		{"a protocol", 0, tcp, "80", []socket{{syscall.SOCK_STREAM, tcp, 80}}, 0},
		{"a service", 0, tcp, "ssh", []socket{{syscall.SOCK_STREAM, tcp, 22}}, 0},
		{"a raw socket", syscall.SOCK_RAW, 89, "", []socket{{syscall.SOCK_RAW, 89, 0}}, 0},
		{"a raw socket with a port", syscall.SOCK_RAW, 89, "80", nil, BadService},
		{"a service of another protocol", 0, udp, "ssh", nil, BadService},
		{"an unknown service", 0, 0, "nosuch", nil, BadService},
		{"an unknown type", 77, 0, "80", nil, BadSockType},
		{"a type and another protocol", syscall.SOCK_STREAM, udp, "80", nil, BadSockType},
	} {
		number := int32(0)
		if tt.port != "" {
			number, _ = portNumber(tt.port)
		}
		got, err := socketsFor(&Hints{Type: tt.typ, Proto: tt.proto}, tt.port, number)
		if !slices.Equal(got, tt.want) || (err != nil) != (tt.code != 0) || err != nil && !errors.Is(err, &Error{Code: tt.code}) {
			t.Errorf("%s: %v, %v, want %v, code %d", tt.name, got, err, tt.want, tt.code)
		}
	}
}
