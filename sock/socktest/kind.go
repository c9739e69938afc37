// Package socktest is shared by the tests of sock and of the packages above it. It has connected
// pairs of each kind of socket, every way to wait, a deadline on each wait, and a check for leaks.
//
//	socktest.EachWaiter(t, func(t *testing.T, w *socktest.Waiter) {
//		a, b := socktest.TCP.Pair(t)
//		call := socktest.Start(func() error { _, err := w.On(a).Recv(1, 0); return err })
//		socktest.AwaitWaiting(t, a)
//		b.Close()
//		err := call.Wait(t)
//	})
package socktest

import (
	"errors"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/polluxio/pollux/internal/bare"
	"github.com/polluxio/pollux/sock"
)

// A Kind is a kind of socket. Tests get connected pairs of it.
type Kind struct {
	Name   string
	Family sock.Family
	Type   sock.Type
}

var (
	TCP           = Kind{"tcp", sock.AF_INET, sock.SOCK_STREAM}
	TCP6          = Kind{"tcp6", sock.AF_INET6, sock.SOCK_STREAM}
	UDP           = Kind{"udp", sock.AF_INET, sock.SOCK_DGRAM}
	UDP6          = Kind{"udp6", sock.AF_INET6, sock.SOCK_DGRAM}
	UnixStream    = Kind{"unix stream", sock.AF_UNIX, sock.SOCK_STREAM}
	UnixDatagram  = Kind{"unix datagram", sock.AF_UNIX, sock.SOCK_DGRAM}
	UnixSeqpacket = Kind{"unix seqpacket", sock.AF_UNIX, sock.SOCK_SEQPACKET}
)

// Kinds lists all kinds.
var Kinds = []Kind{TCP, TCP6, UDP, UDP6, UnixStream, UnixDatagram, UnixSeqpacket}

// Streams lists the kinds without message boundaries.
var Streams = []Kind{TCP, TCP6, UnixStream}

// Datagrams lists the kinds that work with a bound socket that is not connected.
var Datagrams = []Kind{UDP, UDP6, UnixDatagram}

// Each runs fn once for each kind, with the leak check.
func Each(t *testing.T, kinds []Kind, fn func(*testing.T, Kind)) {
	t.Helper()
	for _, k := range kinds {
		t.Run(k.Name, func(t *testing.T) {
			Check(t)
			fn(t, k)
		})
	}
}

// Connects reports whether sockets of this kind listen and accept.
func (k Kind) Connects() bool { return k.Type != sock.SOCK_DGRAM }

// Stream reports whether sockets of this kind have no message boundaries.
func (k Kind) Stream() bool { return k.Type == sock.SOCK_STREAM }

// New returns a socket. It is closed at the end of the test.
func (k Kind) New(t testing.TB) *sock.Socket {
	t.Helper()
	s, err := sock.New(k.Family, k.Type, 0)
	if errors.Is(err, syscall.EPROTOTYPE) {
		t.Skipf("no %s sockets: %v: run this on a host that has them", k.Name, err)
	}
	k.must(t, err)
	return Closing(t, s)
}

// Addr returns a free address to bind to, on this machine only.
func (k Kind) Addr(t testing.TB) sock.Addr {
	t.Helper()
	switch k.Family {
	case sock.AF_INET6:
		return sock.Inet6("::1", 0)
	case sock.AF_UNIX:
		return sock.Unix(filepath.Join(Dir(t), "socket"))
	}
	return sock.Inet("127.0.0.1", 0)
}

// Bound returns a socket that is bound to its own address, and that address.
func (k Kind) Bound(t testing.TB) (*sock.Socket, sock.Addr) {
	t.Helper()
	s := k.New(t)
	k.must(t, s.Bind(k.Addr(t)))
	return s, Name(t, s)
}

// Refusing returns an address that refuses what others send to it. A socket has it, since a free
// address may soon be that of another test. The socket does not listen; one for datagrams is
// connected to itself, so it takes nothing from others.
func (k Kind) Refusing(t testing.TB) sock.Addr {
	t.Helper()
	s, a := k.Bound(t)
	if !k.Connects() {
		k.must(t, s.Connect(a))
	}
	return a
}

// Listener returns a listening socket, and its address.
func (k Kind) Listener(t testing.TB) (*sock.Socket, sock.Addr) {
	t.Helper()
	s, a := k.Bound(t)
	k.must(t, s.Listen(sock.DefaultBacklog))
	return s, a
}

// Pair returns two sockets that are connected to each other through bound addresses. With AF_UNIX,
// b has no address unless it is a datagram socket. Both are blocking, and are closed at the end of
// the test.
func (k Kind) Pair(t testing.TB) (a, b *sock.Socket) {
	t.Helper()
	if !k.Connects() {
		a, addrA := k.Bound(t)
		b, addrB := k.Bound(t)
		k.must(t, a.Connect(addrB))
		k.must(t, b.Connect(addrA))
		return a, b
	}
	ln, addr := k.Listener(t)
	b = k.New(t)
	k.must(t, b.Connect(addr))
	a, _, err := ln.Accept()
	k.must(t, err)
	k.must(t, ln.Close())
	return Closing(t, a), b
}

// must ends the test if err is not nil. The test is skipped if this machine does not have such
// sockets.
func (k Kind) must(t testing.TB, err error) {
	t.Helper()
	for _, missing := range []error{syscall.EAFNOSUPPORT, syscall.EPROTONOSUPPORT, syscall.EADDRNOTAVAIL, errors.ErrUnsupported} {
		if errors.Is(err, missing) {
			t.Skipf("no %s sockets: %v: run this on a host that has them", k.Name, err)
		}
	}
	Must(t, err)
}

// Must fails the test and ends it if err is not nil.
func Must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// Closing returns s, and closes it at the end of the test.
func Closing(t testing.TB, s *sock.Socket) *sock.Socket {
	t.Cleanup(func() { s.Close() })
	return s
}

// Name returns the address that s is bound to.
func Name(t testing.TB, s *sock.Socket) sock.Addr {
	t.Helper()
	a, err := s.Getsockname()
	Must(t, err)
	return a
}

// Dir returns a directory that is removed at the end of the test. Its path is short enough for a
// Unix address. That of t.TempDir contains the name of the test, and can be too long. On a machine
// where no directory can be made it skips the test.
func Dir(t testing.TB) string {
	t.Helper()
	return bare.Dir(t)
}
