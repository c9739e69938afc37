package sock_test

import (
	"errors"
	"os"
	"testing"

	"github.com/polluxio/pollux/families"
	"github.com/polluxio/pollux/sock"
)

// Each network has one row, its addresses have a format, and a socket of it has its name in errors.
func TestNetworks(t *testing.T) {
	seen := make(map[string]bool)
	for _, n := range sock.Networks() {
		if seen[n.Name] {
			t.Errorf("%s stands twice in the table", n.Name)
		}
		seen[n.Name] = true
		if same, ok := sock.NetworkNamed(n.Name); !ok || same != n {
			t.Errorf("%s: NetworkNamed returns %v, %v", n.Name, same, ok)
		}
		if n.Format != "" && !families.HasFormat(n.Format) {
			t.Errorf("%s: no format %q", n.Name, n.Format)
		}
		s, err := n.New()
		if err != nil {
			if n.Format == "" && n.Proto == 0 && n.Family() != sock.AF_INET6 {
				t.Errorf("%s: %v", n.Name, err)
			}
			continue // this system lacks it, or the test lacks a privilege
		}
		if s.Type() != n.Type || n.Family() > 0 && s.Family() != n.Family() {
			t.Errorf("%s: a socket of %v, %v", n.Name, s.Family(), s.Type())
		}
		s.Close()
	}
	if len(seen) < 40 {
		t.Errorf("only %d networks", len(seen))
	}
	for _, name := range []string{"", "ip", "ping", "TCP", "tcp5", "nosuch"} {
		if n, ok := sock.NetworkNamed(name); ok {
			t.Errorf("%q is the network %v", name, n)
		}
	}
}

// The names of Dial are those of errors, without the version of IP.
func TestNetworkOfASocket(t *testing.T) {
	for _, tt := range []struct {
		family sock.Family
		typ    sock.Type
		proto  sock.Protocol
		want   string
	}{
		{sock.AF_INET, sock.SOCK_STREAM, 0, "tcp"},
		{sock.AF_INET, sock.SOCK_STREAM, sock.IPPROTO_TCP, "tcp"},
		{sock.AF_INET, sock.SOCK_DGRAM, sock.IPPROTO_UDP, "udp"},
		{sock.AF_INET6, sock.SOCK_DGRAM, 0, "udp"},
		{sock.AF_INET, sock.SOCK_RAW, sock.IPPROTO_ICMP, "ip"},
		{sock.AF_UNIX, sock.SOCK_STREAM, 0, "unix"},
		{sock.AF_UNIX, sock.SOCK_DGRAM, 0, "unixgram"},
		{sock.AF_UNIX, sock.SOCK_SEQPACKET, 0, "unixpacket"},
	} {
		s, err := sock.New(tt.family, tt.typ, tt.proto)
		if err != nil {
			if !errors.Is(err, errors.ErrUnsupported) && !errors.Is(err, os.ErrPermission) {
				t.Errorf("%s: %v", tt.want, err)
			}
			continue
		}
		if s.Network() != tt.want {
			t.Errorf("%v, %v, %d: %q, want %q", tt.family, tt.typ, tt.proto, s.Network(), tt.want)
		}
		s.Close()
	}
}
