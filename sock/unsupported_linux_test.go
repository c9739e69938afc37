package sock_test

import (
	"errors"
	"net"
	"strings"
	"syscall"
	"testing"

	"github.com/polluxio/pollux/families"
	"github.com/polluxio/pollux/sock"
	"github.com/polluxio/pollux/sock/socktest"
)

// For a kind that the kernel lacks, the error has its name, its needs, and the errno of item 14.
// The other kinds can be made.
func TestNewTellsWhatTheKernelLacks(t *testing.T) {
	lacking := 0
	for _, k := range sock.KnownSockets() {
		t.Run(k.String(), func(t *testing.T) {
			socktest.Check(t)
			s, err := k.New()
			if err == nil {
				s.Close()
				return
			}
			var op *net.OpError
			if !errors.As(err, &op) || op.Op != "socket" {
				t.Errorf("%v is no *net.OpError of socket", err)
			}
			if errors.Is(err, syscall.EACCES) || errors.Is(err, syscall.EPERM) {
				return
			}
			var missing *sock.UnsupportedError
			if !errors.As(err, &missing) || !errors.Is(err, errors.ErrUnsupported) {
				t.Fatalf("%v is no *UnsupportedError", err)
			}
			if !strings.Contains(err.Error(), k.Family) || missing.Missing == "" {
				t.Errorf("%q says too little", err)
			}
			if strings.Contains(k.Systems, "linux") {
				lacking++
				var errno syscall.Errno
				if !errors.As(err, &errno) || errno != syscall.EAFNOSUPPORT && errno != syscall.EPROTONOSUPPORT && errno != syscall.ESOCKTNOSUPPORT &&
					errno != syscall.ENODEV && errno != syscall.ENOPROTOOPT {
					t.Errorf("%v has the errno %v", err, errno)
				}
				if !strings.Contains(err.Error(), k.Needs) {
					t.Errorf("%q does not say what it needs: %q", err, k.Needs)
				}
			}
			t.Log(err)
		})
	}
	t.Logf("this kernel lacks %d kinds", lacking)
}

// A type and a protocol that do not match are not a lack of the system.
func TestMistakesAreNotUnsupported(t *testing.T) { // item 14
	socktest.Check(t)
	for _, test := range []struct {
		name        string
		family      sock.Family
		typ         sock.Type
		proto       sock.Protocol
		unsupported bool
	}{
		{"tcp on a datagram", sock.AF_INET, sock.SOCK_DGRAM, sock.IPPROTO_TCP, false},
		{"udplite on a stream", sock.AF_INET, sock.SOCK_STREAM, sock.IPPROTO_UDPLITE, false},
		{"unknown type", sock.AF_INET, 9, 0, false},
		{"bad type", sock.AF_INET, 999, 0, false},
		{"unknown family", 9999, sock.SOCK_STREAM, 0, true},
		{"unknown family, and flags in the type", 9999, sock.SOCK_STREAM | sock.SOCK_NONBLOCK, 0, true},
	} {
		_, err := sock.New(test.family, test.typ, test.proto)
		if err == nil || errors.Is(err, errors.ErrUnsupported) != test.unsupported {
			t.Errorf("%s: %v", test.name, err)
		}
	}
}

// The rules of a family that has a format for each protocol: items 176, 202, 212.
func TestUnknownProtocolOfAFamily(t *testing.T) {
	socktest.Check(t)
	for _, test := range []struct {
		name   string
		family sock.Family
		proto  sock.Protocol
		want   families.Rule
	}{
		{"item 176", 9999, 0, families.ErrBadFamily},
		{"item 202", sock.AF_CAN, 99, families.ErrCANProtocol},
		{"item 212", sock.AF_BLUETOOTH, 99, families.ErrBluetoothProtocol},
	} {
		fd, err := syscall.Socket(int(sock.AF_INET), int(sock.SOCK_DGRAM|sock.SOCK_CLOEXEC), 0)
		socktest.Must(t, err)
		s, err := sock.Adopt(fd, test.family, sock.SOCK_DGRAM, test.proto)
		socktest.Must(t, err)
		for op, err := range map[string]error{
			"bind":    s.Bind(sock.Inet("127.0.0.1", 0)),
			"connect": s.Connect(sock.Inet("127.0.0.1", 9)),
			"sendto":  second(s.Sendto(nil, 0, sock.Inet("127.0.0.1", 9))),
			"sendmsg": second(s.Sendmsg(nil, nil, 0, sock.Inet("127.0.0.1", 9))),
		} {
			var operr *net.OpError
			if !errors.Is(err, test.want) || !errors.As(err, &operr) || operr.Op != op {
				t.Errorf("%s: %s gives %v", test.name, op, err)
			}
		}
		s.Close()
	}
}

func second(_ int, err error) error { return err }
