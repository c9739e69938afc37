package sock_test

import (
	"errors"
	"syscall"
	"testing"

	"github.com/polluxio/pollux/sock"
	"github.com/polluxio/pollux/sock/socktest"
)

func TestNameUnbound(t *testing.T) { // item 68
	socktest.Each(t, socktest.Kinds, func(t *testing.T, k socktest.Kind) {
		want := map[sock.Family]sock.Addr{
			sock.AF_INET:  sock.Inet("0.0.0.0", 0),
			sock.AF_INET6: sock.Inet6("::", 0),
			sock.AF_UNIX:  sock.Unix(""),
		}[k.Family]
		s := k.New(t)
		if a, err := s.Getsockname(); a != want || err != nil {
			t.Errorf("Getsockname = %v, %v; want %v", a, err, want)
		}
		if a, err := s.Getpeername(); !errors.Is(err, syscall.ENOTCONN) || !a.IsZero() { // item 69
			t.Errorf("Getpeername = %v, %v; want ENOTCONN", a, err)
		}
	})
}

func TestNamesConnected(t *testing.T) { // items 61, 68, 69
	socktest.Each(t, socktest.Kinds, func(t *testing.T, k socktest.Kind) {
		a, b := k.Pair(t)
		for _, way := range [][2]*sock.Socket{{a, b}, {b, a}} {
			if peer, err := way[0].Getpeername(); peer != socktest.Name(t, way[1]) || err != nil {
				t.Errorf("the peer is %v, %v; want %v", peer, err, socktest.Name(t, way[1]))
			}
		}
	})
}
