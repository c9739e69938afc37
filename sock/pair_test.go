package sock_test

import (
	"errors"
	"os"
	"syscall"
	"testing"
	"time"

	"github.com/polluxio/pollux/internal/systems"
	"github.com/polluxio/pollux/sock"
	"github.com/polluxio/pollux/sock/socktest"
)

// These tests are for the pair over the loopback interface. Windows needs it, and it works on every
// system.

var nothing = func(sock.Addr) {}

func TestLoopbackPair(t *testing.T) { // items 82, 84
	socktest.Check(t)
	for _, k := range []socktest.Kind{socktest.TCP, socktest.TCP6} {
		a, b, err := sock.LoopbackPair(k.Family, k.Type, 0, nothing)
		socktest.Must(t, err)
		for _, s := range []*sock.Socket{a, b} {
			if inheritable, err := s.GetInheritable(); s.Family() != k.Family || s.Type() != k.Type || s.Timeout() != sock.Forever || inheritable || err != nil {
				t.Errorf("one is %v, with timeout %v, inherited: %v, %v", s, s.Timeout(), inheritable, err)
			}
		}
		for range 2 {
			_, err := a.Sendall(hello, 0)
			socktest.Must(t, err)
			socktest.Must(t, wantBytes("hello")(b.Recv(10, 0)))
			a, b = b, a
		}
		a.Close()
		b.Close()
	}
}

// Both ends have the default timeout. A default of 0 does not prevent the pair.
func TestLoopbackPairTimeout(t *testing.T) { // items 82, 84
	socktest.Check(t)
	for _, d := range []time.Duration{0, time.Minute} {
		setDefaultTimeout(t, d)
		a, b, err := sock.LoopbackPair(sock.AF_INET, sock.SOCK_STREAM, 0, nothing)
		socktest.Must(t, err)
		if a.Timeout() != d || b.Timeout() != d {
			t.Errorf("the timeouts are %v and %v, want %v", a.Timeout(), b.Timeout(), d)
		}
		a.Close()
		b.Close()
	}
}

func TestLoopbackPairRefuses(t *testing.T) { // item 84
	for _, tt := range []struct {
		name   string
		family sock.Family
		typ    sock.Type
		proto  sock.Protocol
		rule   string
	}{
		{"family", sock.AF_UNIX, sock.SOCK_STREAM, 0, "Only AF_INET and AF_INET6 socket address families are supported"},
		{"type", sock.AF_INET, sock.SOCK_DGRAM, 0, "Only SOCK_STREAM socket type is supported"},
		{"proto", sock.AF_INET6, sock.SOCK_STREAM, 1, "Only protocol zero is supported"},
	} {
		a, b, err := sock.LoopbackPair(tt.family, tt.typ, tt.proto, nothing)
		var arg *sock.ArgError
		if a != nil || b != nil || !errors.As(err, &arg) || arg.Rule != tt.rule {
			t.Errorf("%s: %v", tt.name, err)
		}
	}
}

// A stranger that finds the listener first does not become an end of the pair. In Python the text
// is "Unexpected peer connection".
func TestLoopbackPairWithAStranger(t *testing.T) { // items 84, 235
	socktest.Check(t)
	for _, k := range []socktest.Kind{socktest.TCP, socktest.TCP6} {
		stranger := k.New(t)
		a, b, err := sock.LoopbackPair(k.Family, k.Type, 0, func(at sock.Addr) { socktest.Must(t, stranger.Connect(at)) })
		if a != nil || b != nil || !errors.Is(err, sock.ErrStranger) {
			t.Errorf("%v, want an unexpected peer", err)
		}
		// The end that accepted the stranger is closed.
		socktest.Must(t, stranger.SetTimeout(socktest.Patience))
		if p, err := stranger.Recv(1, 0); len(p) != 0 || errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("the stranger received %q, %v", p, err)
		}
	}
}

func TestPair(t *testing.T) { // items 82, 83
	if sock.EmulatesPair {
		t.Skip("this system has no socketpair(2): the tests of loopbackPair are of its pairs")
	}
	socktest.Check(t)
	for _, typ := range []sock.Type{-1, sock.SOCK_STREAM, sock.SOCK_DGRAM, sock.SOCK_SEQPACKET} {
		a, b, err := sock.Pair(-1, typ, -1)
		socktest.Must(t, err)
		want := typ
		if typ == -1 {
			want = sock.SOCK_STREAM
		}
		for _, s := range []*sock.Socket{a, b} {
			if s.Family() != sock.AF_UNIX || s.Type() != want || s.Proto() != 0 || s.Timeout() != sock.Forever {
				t.Errorf("type %d: it is %v", typ, s)
			}
		}
		echo(t, a, b)
		a.Close()
		b.Close()
	}
}

func TestPairRefuses(t *testing.T) { // item 83
	if sock.EmulatesPair {
		t.Skip("this system has no socketpair(2): the tests of loopbackPair are of its pairs")
	}
	socktest.Check(t)
	for _, test := range []struct {
		name   string
		family sock.Family
		typ    sock.Type
		proto  sock.Protocol
		want   systems.Errnos
	}{
		{"inet", sock.AF_INET, sock.SOCK_STREAM, 0, systems.Errnos{syscall.EOPNOTSUPP}},
		{"inet6", sock.AF_INET6, sock.SOCK_DGRAM, 0, systems.Errnos{syscall.EOPNOTSUPP}},
		{"unknown family", 9999, sock.SOCK_STREAM, 0, systems.Errnos{syscall.EAFNOSUPPORT}},
		{"bad type", sock.AF_UNIX, 999, 0, systems.ErrnosHere(systems.BadType)},
		{"unknown protocol", sock.AF_UNIX, sock.SOCK_STREAM, 99, systems.Errnos{syscall.EPROTONOSUPPORT}},
	} {
		if a, b, err := sock.Pair(test.family, test.typ, test.proto); !test.want.Has(err) || a != nil || b != nil {
			t.Errorf("%s: %v, want %v", test.name, err, test.want)
		}
	}
}
