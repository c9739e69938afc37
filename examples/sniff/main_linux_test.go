package main

import (
	"bytes"
	"errors"
	"fmt"
	"syscall"
	"testing"

	"github.com/polluxio/pollux/sock"
	"github.com/polluxio/pollux/sock/socktest"
)

// TestSniff sends packets to two ports, and the sniffer shows those to one of them.
func TestSniff(t *testing.T) {
	socktest.Check(t)
	a, addr := socktest.UDP.Bound(t)
	_, other := socktest.UDP.Bound(t)
	s, err := open("lo", uint32(addr.Port()))
	if errors.Is(err, syscall.EPERM) || errors.Is(err, errors.ErrUnsupported) {
		t.Skipf("%v: run this with CAP_NET_RAW, on a kernel that has such sockets", err)
	}
	socktest.Must(t, err)
	defer s.Close()
	socktest.Must(t, s.SetTimeout(socktest.Patience))
	var want bytes.Buffer
	for _, m := range []struct {
		text string
		to   sock.Addr
	}{{"one", addr}, {"not this", other}, {"two", addr}} {
		_, err := a.Sendto([]byte(m.text), 0, m.to)
		socktest.Must(t, err)
		if m.to == addr {
			fmt.Fprintf(&want, "lo 000000000000: %v -> %v %q\n", addr, addr, m.text)
		}
	}
	var out bytes.Buffer
	socktest.Must(t, sniff(s, &out, 2))
	if out.String() != want.String() {
		t.Errorf("%q, want %q", &out, &want)
	}
}

func TestHeader(t *testing.T) {
	for _, b := range [][]byte{nil, make([]byte, 19), append([]byte{0x45}, make([]byte, 26)...), append([]byte{0x4f}, make([]byte, 60)...)} {
		if d, ok := header(b); ok {
			t.Errorf("%x is %v", b, d)
		}
	}
}

func FuzzHeader(f *testing.F) {
	f.Add(append([]byte{0x45}, make([]byte, 27)...))
	f.Fuzz(func(t *testing.T, b []byte) { header(b) })
}
