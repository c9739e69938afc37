package sock_test

import (
	"runtime"
	"syscall"
	"testing"
	"weak"

	"github.com/polluxio/pollux/internal/systems"
	"github.com/polluxio/pollux/sock"
	"github.com/polluxio/pollux/sock/socktest"
)

func TestNewDefaults(t *testing.T) { // items 7, 13
	socktest.Check(t)
	s, err := sock.New(-1, -1, -1)
	socktest.Must(t, err)
	defer s.Close()
	if s.Family() != sock.AF_INET || s.Type() != sock.SOCK_STREAM || s.Proto() != 0 {
		t.Errorf("New(-1, -1, -1) is %v", s)
	}
	if s.Timeout() != sock.Forever || !s.Blocking() {
		t.Errorf("it has timeout %v", s.Timeout())
	}
	if s.Fileno() < 0 {
		t.Errorf("it has descriptor %d", s.Fileno())
	}
}

func TestNewSaysWhatItIs(t *testing.T) { // items 7, 24, 25, 30
	for _, test := range []struct {
		name      string
		family    sock.Family
		typ       sock.Type
		proto     sock.Protocol
		optional  bool // the kernel may lack it
		wantType  sock.Type
		wantProto sock.Protocol
	}{
		{"tcp", sock.AF_INET, sock.SOCK_STREAM, 0, false, sock.SOCK_STREAM, 0},
		{"tcp by name", sock.AF_INET, sock.SOCK_STREAM, sock.IPPROTO_TCP, false, sock.SOCK_STREAM, sock.IPPROTO_TCP},
		{"udp", sock.AF_INET, sock.SOCK_DGRAM, -1, false, sock.SOCK_DGRAM, 0},
		{"tcp6", sock.AF_INET6, -1, -1, true, sock.SOCK_STREAM, 0},
		{"unix", sock.AF_UNIX, sock.SOCK_DGRAM, 0, runtime.GOOS == "windows", sock.SOCK_DGRAM, 0},
		{"ping", sock.AF_INET, sock.SOCK_DGRAM, sock.IPPROTO_ICMP, true, sock.SOCK_DGRAM, sock.IPPROTO_ICMP},
		{"raw", sock.AF_INET, sock.SOCK_RAW, sock.IPPROTO_UDP, true, sock.SOCK_RAW, sock.IPPROTO_UDP},
	} {
		t.Run(test.name, func(t *testing.T) {
			socktest.Check(t)
			s, err := sock.New(test.family, test.typ, test.proto)
			if err != nil && test.optional {
				t.Skipf("%v: run this with the right to make such sockets, on a kernel that has them", err)
			}
			socktest.Must(t, err)
			defer s.Close()
			if s.Family() != test.family || s.Type() != test.wantType || s.Proto() != test.wantProto {
				t.Errorf("it is %v", s)
			}
		})
	}
}

func TestNewRefuses(t *testing.T) { // item 14
	socktest.Check(t)
	for _, test := range []struct {
		name   string
		family sock.Family
		typ    sock.Type
		proto  sock.Protocol
		want   systems.Errnos
	}{
		{"unknown family", 9999, sock.SOCK_STREAM, 0, systems.Errnos{syscall.EAFNOSUPPORT}},
		{"AF_UNSPEC", sock.AF_UNSPEC, sock.SOCK_STREAM, 0, systems.Errnos{syscall.EAFNOSUPPORT, syscall.EINVAL}}, // Windows: EINVAL
		{"negative family", -2, sock.SOCK_STREAM, 0, systems.Errnos{syscall.EAFNOSUPPORT}},
		{"unknown type", sock.AF_INET, 9, 0, systems.ErrnosHere(systems.UnknownType)},
		{"bad type", sock.AF_INET, 999, 0, systems.ErrnosHere(systems.BadType)},
		{"negative type", sock.AF_INET, -2, 0, systems.ErrnosHere(systems.BadType)},
		{"udp on a stream", sock.AF_INET, sock.SOCK_STREAM, sock.IPPROTO_UDP, systems.Errnos{syscall.EPROTONOSUPPORT}},
		{"tcp on a datagram", sock.AF_INET, sock.SOCK_DGRAM, sock.IPPROTO_TCP, systems.Errnos{syscall.EPROTONOSUPPORT}},
		{"unknown protocol", sock.AF_INET, sock.SOCK_STREAM, 9999, systems.ErrnosHere(systems.UnknownProtocol)},
	} {
		s, err := sock.New(test.family, test.typ, test.proto)
		if !test.want.Has(err) {
			t.Errorf("%s: %v, want %v", test.name, err, test.want)
		}
		if s != nil {
			s.Close()
		}
	}
}

// A weak pointer does not keep a socket alive, and finds it as long as something else does.
func TestWeakPointer(t *testing.T) { // item 27
	socktest.Check(t)
	s := socktest.UDP.New(t)
	if weak.Make(s).Value() != s {
		t.Error("it is not found")
	}
	runtime.KeepAlive(s)
}
