package sock_test

import (
	"errors"
	"math"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
	"weak"

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
		name                string
		family, typ, proto  int
		optional            bool // the kernel may lack it
		wantType, wantProto int
	}{
		{"tcp", sock.AF_INET, sock.SOCK_STREAM, 0, false, sock.SOCK_STREAM, 0},
		{"tcp by name", sock.AF_INET, sock.SOCK_STREAM, sock.IPPROTO_TCP, false, sock.SOCK_STREAM, sock.IPPROTO_TCP},
		{"udp", sock.AF_INET, sock.SOCK_DGRAM, -1, false, sock.SOCK_DGRAM, 0},
		{"tcp6", sock.AF_INET6, -1, -1, true, sock.SOCK_STREAM, 0},
		{"unix", sock.AF_UNIX, sock.SOCK_DGRAM, 0, false, sock.SOCK_DGRAM, 0},
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
		name               string
		family, typ, proto int
		want               syscall.Errno
	}{
		{"unknown family", 9999, sock.SOCK_STREAM, 0, syscall.EAFNOSUPPORT},
		{"AF_UNSPEC", sock.AF_UNSPEC, sock.SOCK_STREAM, 0, syscall.EAFNOSUPPORT},
		{"negative family", -2, sock.SOCK_STREAM, 0, syscall.EAFNOSUPPORT},
		{"unknown type", sock.AF_INET, 9, 0, syscall.ESOCKTNOSUPPORT},
		{"bad type", sock.AF_INET, 999, 0, syscall.EINVAL},
		{"negative type", sock.AF_INET, -2, 0, syscall.EINVAL},
		{"udp on a stream", sock.AF_INET, sock.SOCK_STREAM, sock.IPPROTO_UDP, syscall.EPROTONOSUPPORT},
		{"tcp on a datagram", sock.AF_INET, sock.SOCK_DGRAM, sock.IPPROTO_TCP, syscall.EPROTONOSUPPORT},
		{"unknown protocol", sock.AF_INET, sock.SOCK_STREAM, 9999, syscall.EINVAL},
	} {
		s, err := sock.New(test.family, test.typ, test.proto)
		if !errors.Is(err, test.want) {
			t.Errorf("%s: %v, want %v", test.name, err, test.want)
		}
		if s != nil {
			s.Close()
		}
	}
}

// Python: OverflowError "Python int too large to convert to C int". What the kernel would see is another number, and a valid one.
func TestBeyondCInt(t *testing.T) { // items 15, 62, 70, 142
	if strconv.IntSize == 32 {
		t.Skip("an int is a C int: run this on a 64-bit system")
	}
	socktest.Check(t)
	beyond := int64(1) << 32
	more := int(beyond)
	s := socktest.UDP.New(t)
	fd := s.Fileno()
	made := func(s *sock.Socket, err error) error {
		if err == nil {
			s.Close()
		}
		return err
	}
	two := func(a, b *sock.Socket, err error) error {
		return errors.Join(made(a, err), made(b, err))
	}
	for _, test := range []struct {
		name string
		call func() error
	}{
		{"New family", func() error { return made(sock.New(more|sock.AF_INET, sock.SOCK_DGRAM, 0)) }},
		{"New type", func() error { return made(sock.New(sock.AF_INET, more|sock.SOCK_DGRAM, 0)) }},
		{"New proto", func() error { return made(sock.New(sock.AF_INET, sock.SOCK_DGRAM, more)) }},
		{"Pair family", func() error { return two(sock.Pair(more|sock.AF_UNIX, sock.SOCK_STREAM, 0)) }},
		{"Pair type", func() error { return two(sock.Pair(sock.AF_UNIX, more|sock.SOCK_STREAM, 0)) }},
		{"Pair proto", func() error { return two(sock.Pair(sock.AF_UNIX, sock.SOCK_STREAM, more)) }},
		{"Fromfd", func() error { return made(sock.Fromfd(more|fd, -1, -1, -1)) }},
		{"Listen", func() error { return s.Listen(more) }},
		{"Listen, least", func() error { return s.Listen(math.MinInt) }},
		{"Shutdown", func() error { return s.Shutdown(more) }},
		{"Recv flags", func() error { _, err := s.Recv(1, more); return err }},
		{"Recvfrom flags", func() error { _, _, err := s.Recvfrom(1, more); return err }},
		{"Send flags", func() error { _, err := s.Send(hello, more); return err }},
		{"Sendall flags", func() error { _, err := s.Sendall(hello, more); return err }},
		{"Sendto flags", func() error { _, err := s.Sendto(hello, more, sock.Inet("127.0.0.1", 9)); return err }},
		{"Getsockopt level", func() error { _, err := s.Getsockopt(more|sock.SOL_SOCKET, sock.SO_TYPE); return err }},
		{"Getsockopt name", func() error { _, err := s.Getsockopt(sock.SOL_SOCKET, more|sock.SO_TYPE); return err }},
		{"Setsockopt level", func() error { return s.Setsockopt(more|sock.SOL_SOCKET, sock.SO_REUSEADDR, 1) }},
		{"Setsockopt name", func() error { return s.Setsockopt(sock.SOL_SOCKET, more|sock.SO_REUSEADDR, 1) }},
		{"Setsockopt value", func() error { return s.Setsockopt(sock.SOL_SOCKET, sock.SO_REUSEADDR, more) }},
		{"Setsockopt value, least", func() error { return s.Setsockopt(sock.SOL_SOCKET, sock.SO_REUSEADDR, math.MinInt) }},
		{"SetsockoptNil", func() error { return s.SetsockoptNil(sock.SOL_SOCKET, sock.SO_REUSEADDR, more) }},
	} {
		t.Run(test.name, func(t *testing.T) {
			socktest.Must(t, s.SetTimeout(time.Millisecond))
			var arg *sock.ArgError
			if err := test.call(); !errors.As(err, &arg) {
				t.Errorf("%v, want an ArgError", err)
			}
		})
	}
}

func TestStringForm(t *testing.T) { // item 26
	socktest.Check(t)
	a, b := socktest.TCP.Pair(t)
	laddr, raddr := socktest.Name(t, a), socktest.Name(t, b)
	want := "fd=" + strconv.Itoa(a.Fileno()) + ", family=inet, type=SOCK_STREAM, proto=0, laddr=" + laddr.String() +
		", raddr=" + raddr.String() + ">"
	if text := a.String(); !strings.HasSuffix(text, want) || strings.Contains(text, "[closed]") {
		t.Errorf("a connected one: %s, want the end %s", text, want)
	}
	s := socktest.TCP.New(t)
	if text := s.String(); strings.Contains(text, "raddr") || !strings.Contains(text, "laddr=0.0.0.0:0") {
		t.Errorf("one that is not connected: %s", text)
	}
	s.Close()
	want = "<sock.Socket [closed] fd=-1, family=inet, type=SOCK_STREAM, proto=0>"
	if text := s.String(); text != want {
		t.Errorf("a closed one: %s, want %s", text, want)
	}
}

// Addresses that say nothing are left out.
func TestStringFormWithoutAddresses(t *testing.T) { // item 26
	socktest.Check(t)
	a, b, err := sock.Pair(-1, -1, -1)
	socktest.Must(t, err)
	defer a.Close()
	defer b.Close()
	want := "<sock.Socket fd=" + strconv.Itoa(a.Fileno()) + ", family=unix, type=SOCK_STREAM, proto=0>"
	if text := a.String(); text != want {
		t.Errorf("%s, want %s", text, want)
	}
}

// A pointer that is weak does not keep a socket, and finds it while others do.
func TestWeakPointer(t *testing.T) { // item 27
	socktest.Check(t)
	s := socktest.UDP.New(t)
	if weak.Make(s).Value() != s {
		t.Error("it is not found")
	}
	runtime.KeepAlive(s)
}
