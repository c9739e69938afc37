//go:build linux

package families_test

import (
	"testing"

	"github.com/polluxio/pollux/sock"
	"github.com/polluxio/pollux/sock/socktest"
)

// What everyWay needs for a family with addresses that can be bound to, and what it is to find.

// wantItem is the one item of this kind.
func wantItem(t *testing.T, items []sock.Control, level, typ int) sock.Control {
	t.Helper()
	for _, c := range items {
		if c.Level == level && c.Type == typ {
			return c
		}
	}
	t.Fatalf("no ancillary data of level %d and type %d in %v", level, typ, items)
	return sock.Control{}
}

// hasNone checks that nothing came beside the data, for a family that has nothing to tell, not even
// the time when it was asked.
func hasNone(t *testing.T, items []sock.Control, _ int) {
	t.Helper()
	if len(items) != 0 {
		t.Errorf("ancillary data %v, want none: this kernel tells more, so check that", items)
	}
}

// boundTo makes pairs of sockets that are bound and not connected.
func boundTo(family sock.Family, typ sock.Type, proto sock.Protocol, addr sock.Addr) func(*testing.T) (a, b *sock.Socket) {
	return func(t *testing.T) (a, b *sock.Socket) {
		t.Helper()
		a, b = need(t, family, typ, proto), need(t, family, typ, proto)
		must(t, a.Bind(addr))
		must(t, b.Bind(addr))
		return a, b
	}
}

// connectedTo makes pairs of a socket that connects and the one that is accepted for it: b and a.
func connectedTo(family sock.Family, typ sock.Type, proto sock.Protocol, addr sock.Addr) func(*testing.T) (a, b *sock.Socket) {
	return func(t *testing.T) (a, b *sock.Socket) {
		t.Helper()
		ln := need(t, family, typ, proto)
		must(t, ln.Bind(addr))
		must(t, ln.Listen(8))
		b = need(t, family, typ, proto)
		must(t, b.Connect(socktest.Name(t, ln)))
		a, _, err := ln.Accept()
		must(t, err)
		must(t, ln.Close())
		return socktest.Closing(t, a), b
	}
}

// itsName is where a message for s goes: the address that it is bound to.
func itsName(s *sock.Socket) sock.Addr {
	a, _ := s.Getsockname()
	return a
}

// fromItsName checks that a message is from the address that its sender is bound to.
func fromItsName(t *testing.T, s *sock.Socket, from sock.Addr) {
	t.Helper()
	if want := socktest.Name(t, s); from != want {
		t.Errorf("from %v, want %v", from, want)
	}
}
