// Package socktest is what the tests of sock, and of what is built on it, have in common: connected
// pairs of each kind of socket, every way to wait, a deadline on each wait, and a check that
// nothing is left behind.
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
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/polluxio/pollux/sock"
)

// A Kind is a kind of socket that tests want connected pairs of.
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

// Kinds are all of them.
var Kinds = []Kind{TCP, TCP6, UDP, UDP6, UnixStream, UnixDatagram, UnixSeqpacket}

// Streams are those without bounds between messages.
var Streams = []Kind{TCP, TCP6, UnixStream}

// Datagrams are those that may be bound and not connected.
var Datagrams = []Kind{UDP, UDP6, UnixDatagram}

// Each runs fn once for each of the kinds, with the leak check.
func Each(t *testing.T, kinds []Kind, fn func(*testing.T, Kind)) {
	t.Helper()
	for _, k := range kinds {
		t.Run(k.Name, func(t *testing.T) {
			Check(t)
			fn(t, k)
		})
	}
}

// Connects says whether sockets of this kind listen and accept.
func (k Kind) Connects() bool { return k.Type != sock.SOCK_DGRAM }

// Stream says whether sockets of this kind keep no bounds between messages.
func (k Kind) Stream() bool { return k.Type == sock.SOCK_STREAM }

// New is a socket that is closed with the test.
func (k Kind) New(t testing.TB) *sock.Socket {
	t.Helper()
	s, err := sock.New(k.Family, k.Type, 0)
	k.must(t, err)
	return Closing(t, s)
}

// Addr is a free address to bind to, on this host only.
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

// Bound is a socket that is bound to an address of its own.
func (k Kind) Bound(t testing.TB) (*sock.Socket, sock.Addr) {
	t.Helper()
	s := k.New(t)
	k.must(t, s.Bind(k.Addr(t)))
	return s, Name(t, s)
}

// Listener is a socket that listens, and its address.
func (k Kind) Listener(t testing.TB) (*sock.Socket, sock.Addr) {
	t.Helper()
	s, a := k.Bound(t)
	k.must(t, s.Listen(sock.DefaultBacklog))
	return s, a
}

// Pair is two sockets that are connected to each other by way of bound addresses; of AF_UNIX the
// second is without one, unless it is a datagram socket. They are blocking, and closed with the
// test.
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

// must ends the test if err is not nil: as a skip, if this host does not have such sockets.
func (k Kind) must(t testing.TB, err error) {
	t.Helper()
	for _, missing := range []error{syscall.EAFNOSUPPORT, syscall.EPROTONOSUPPORT, syscall.EADDRNOTAVAIL, errors.ErrUnsupported} {
		if errors.Is(err, missing) {
			t.Skipf("no %s sockets: %v: run this on a host that has them", k.Name, err)
		}
	}
	Must(t, err)
}

// Must ends the test if err is not nil.
func Must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// Closing is s, which is closed with the test.
func Closing(t testing.TB, s *sock.Socket) *sock.Socket {
	t.Cleanup(func() { s.Close() })
	return s
}

// Name is the address that s is bound to.
func Name(t testing.TB, s *sock.Socket) sock.Addr {
	t.Helper()
	a, err := s.Getsockname()
	Must(t, err)
	return a
}

// Dir is a directory that goes with the test, with a path that is short enough for an address:
// t.TempDir has the test's name in it.
func Dir(t testing.TB) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "sock")
	Must(t, err)
	t.Cleanup(func() { os.RemoveAll(dir) })
	return dir
}
