package sock_test

import (
	"encoding/binary"
	"errors"
	"math"
	"runtime"
	"strconv"
	"syscall"
	"testing"

	"github.com/polluxio/pollux/internal/systems"
	"github.com/polluxio/pollux/sock"
	"github.com/polluxio/pollux/sock/socktest"
)

func TestOptionOfAnInt(t *testing.T) { // items 141, 142, 148
	socktest.Check(t)
	s := socktest.TCP.New(t)
	if typ, err := s.Getsockopt(sock.SOL_SOCKET, sock.SO_TYPE); sock.Type(typ) != sock.SOCK_STREAM || err != nil {
		t.Errorf("SO_TYPE = %d, %v", typ, err)
	}
	for _, on := range []int{1, 0, 1} {
		for _, o := range []struct {
			name          string
			level, option int
		}{
			{"SO_REUSEADDR", sock.SOL_SOCKET, sock.SO_REUSEADDR},
			{"SO_KEEPALIVE", sock.SOL_SOCKET, sock.SO_KEEPALIVE},
			{"TCP_NODELAY", sock.IPPROTO_TCP, sock.TCP_NODELAY},
		} {
			socktest.Must(t, s.Setsockopt(o.level, o.option, on))
			if got, err := s.Getsockopt(o.level, o.option); (got != 0) != (on != 0) || err != nil {
				t.Errorf("%s = %d, %v; want %d", o.name, got, err, on)
			}
		}
	}
	if errno, err := s.Getsockopt(sock.SOL_SOCKET, sock.SO_ERROR); errno != 0 || err != nil {
		t.Errorf("SO_ERROR = %d, %v", errno, err)
	}
}

// SO_ERROR returns an error once.
func TestOptionError(t *testing.T) { // items 54, 148
	socktest.Check(t)
	s := socktest.TCP.New(t)
	socktest.Must(t, s.SetTimeout(0))
	if err := s.Connect(refusing(t)); !errors.Is(err, syscall.EINPROGRESS) {
		t.Fatal(err)
	}
	socktest.AwaitWritable(t, s)
	for _, want := range []syscall.Errno{syscall.ECONNREFUSED, 0} {
		if want == 0 && socktest.Wine() {
			continue // it does not forget the error
		}
		if errno, err := s.Getsockopt(sock.SOL_SOCKET, sock.SO_ERROR); syscall.Errno(errno) != sock.HostErrno(want) || err != nil {
			t.Errorf("SO_ERROR = %v, %v; want %v", syscall.Errno(errno), err, sock.HostErrno(want))
		}
	}
}

func TestOptionOfBytes(t *testing.T) { // items 141, 142, 148
	socktest.Check(t)
	s := socktest.TCP.New(t)
	// struct linger { int l_onoff; int l_linger; }, <sys/socket.h>
	linger := binary.NativeEndian.AppendUint32(binary.NativeEndian.AppendUint32(nil, 1), 7)
	if runtime.GOOS == "windows" { // LINGER of <winsock2.h>: two u_short
		linger = binary.NativeEndian.AppendUint16(binary.NativeEndian.AppendUint16(nil, 1), 7)
	}
	socktest.Must(t, s.SetsockoptBytes(sock.SOL_SOCKET, sock.SO_LINGER, linger))
	for _, room := range []int{8, 100, 1024} {
		if got, err := s.GetsockoptBytes(sock.SOL_SOCKET, sock.SO_LINGER, room); string(got) != string(linger) || err != nil {
			t.Errorf("with room for %d: %v, %v; want %v", room, got, err, linger)
		}
	}
	if got, err := s.GetsockoptBytes(sock.SOL_SOCKET, sock.SO_LINGER, 4); string(got) != string(linger[:4]) || err != nil {
		t.Errorf("with room for 4: %v, %v", got, err)
	}
	one := binary.NativeEndian.AppendUint32(nil, 1)
	socktest.Must(t, s.SetsockoptBytes(sock.IPPROTO_TCP, sock.TCP_NODELAY, one))
	if on, err := s.Getsockopt(sock.IPPROTO_TCP, sock.TCP_NODELAY); on == 0 || err != nil {
		t.Errorf("an int as bytes: %d, %v", on, err)
	}
}

func TestOptionRefused(t *testing.T) { // items 141, 142, 143
	socktest.Check(t)
	s := socktest.TCP.New(t)
	for _, n := range []int{-1, 0, 1025, math.MaxInt, math.MinInt} {
		var arg *sock.ArgError
		p, err := s.GetsockoptBytes(sock.SOL_SOCKET, sock.SO_LINGER, n)
		if p != nil || !errors.As(err, &arg) || arg.Rule != "getsockopt buflen out of range" {
			t.Errorf("GetsockoptBytes of %d: %v, %v", n, p, err)
		}
	}
	for name, call := range map[string]func(level, option int) error{
		"Getsockopt":      func(level, option int) error { _, err := s.Getsockopt(level, option); return err },
		"GetsockoptBytes": func(level, option int) error { _, err := s.GetsockoptBytes(level, option, 8); return err },
		"Setsockopt":      func(level, option int) error { return s.Setsockopt(level, option, 1) },
		"SetsockoptBytes": func(level, option int) error { return s.SetsockoptBytes(level, option, make([]byte, 8)) },
	} {
		if err := call(sock.SOL_SOCKET, 9999); !errors.Is(err, syscall.ENOPROTOOPT) {
			t.Errorf("%s of an unknown option: %v, want ENOPROTOOPT", name, err)
		}
		if err := call(9999, 1); !systems.ErrnosHere(systems.UnknownLevel).Has(err) {
			t.Errorf("%s of an unknown level: %v, want %v", name, err, systems.ErrnosHere(systems.UnknownLevel))
		}
	}
	for _, p := range [][]byte{nil, {}, {1}, {1, 0, 0}} {
		if err := s.SetsockoptBytes(sock.SOL_SOCKET, sock.SO_REUSEADDR, p); !systems.ErrnosHere(systems.ShortOption).Has(err) && !socktest.Wine() {
			t.Errorf("a value of %d bytes: %v, want %v", len(p), err, systems.ErrnosHere(systems.ShortOption))
		}
	}
	for optlen, want := range map[int]systems.Errnos{0: systems.ErrnosHere(systems.ShortOption), 2: systems.ErrnosHere(systems.ShortOption), 4: systems.ErrnosHere(systems.OptionOfNoPointer)} {
		if err := s.SetsockoptNil(sock.SOL_SOCKET, sock.SO_REUSEADDR, optlen); !want.Has(err) {
			t.Errorf("no value of %d bytes: %v, want %v", optlen, err, want)
		}
	}
	var arg *sock.ArgError
	for _, optlen := range []int{-1, math.MinInt, math.MaxInt} {
		if strconv.IntSize == 32 && optlen > 0 {
			continue // which is a C int there
		}
		if err := s.SetsockoptNil(sock.SOL_SOCKET, sock.SO_REUSEADDR, optlen); !errors.As(err, &arg) { // item 145: an optlen beyond a C int
			t.Errorf("no value of %d bytes: %v", optlen, err)
		}
	}
}
