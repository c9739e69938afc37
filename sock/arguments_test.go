package sock_test

import (
	"errors"
	"math"
	"strconv"
	"testing"
	"time"

	"github.com/polluxio/pollux/sock"
	"github.com/polluxio/pollux/sock/socktest"
)

// Python: OverflowError "Python int too large to convert to C int". Without this check the kernel
// would get another number, and a valid one.
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
		{"New family", func() error { return made(sock.New(sock.Family(more)|sock.AF_INET, sock.SOCK_DGRAM, 0)) }},
		{"New type", func() error { return made(sock.New(sock.AF_INET, sock.Type(more)|sock.SOCK_DGRAM, 0)) }},
		{"New proto", func() error { return made(sock.New(sock.AF_INET, sock.SOCK_DGRAM, sock.Protocol(more))) }},
		{"Pair family", func() error { return two(sock.Pair(sock.Family(more)|sock.AF_UNIX, sock.SOCK_STREAM, 0)) }},
		{"Pair type", func() error { return two(sock.Pair(sock.AF_UNIX, sock.Type(more)|sock.SOCK_STREAM, 0)) }},
		{"Pair proto", func() error { return two(sock.Pair(sock.AF_UNIX, sock.SOCK_STREAM, sock.Protocol(more))) }},
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
