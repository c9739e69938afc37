package sock

import (
	"errors"
	"os"
	"testing"
	"time"
)

// The pair over the loopback interface, which Windows needs, works wherever there is a poller.
func TestLoopbackPair(t *testing.T) { // items 82, 84
	for _, family := range []int{AF_INET, AF_INET6} {
		a, b, err := loopbackPair(family, SOCK_STREAM, 0, func(Addr) {})
		if errors.Is(err, errors.ErrUnsupported) {
			t.Skip("until there is a poller:", err)
		}
		if err != nil {
			t.Fatal(err)
		}
		defer a.Close()
		defer b.Close()
		for _, s := range []*Socket{a, b} {
			if inheritable, err := s.GetInheritable(); s.Family() != family || s.Type() != SOCK_STREAM || s.Timeout() != Forever || inheritable || err != nil {
				t.Errorf("one is %v, with timeout %v, inherited: %v, %v", s, s.Timeout(), inheritable, err)
			}
		}
		for range 2 {
			if _, err := a.Sendall([]byte("hello"), 0); err != nil {
				t.Error(err)
			}
			if p, err := b.Recv(10, 0); string(p) != "hello" || err != nil {
				t.Errorf("it received %q, %v", p, err)
			}
			a, b = b, a
		}
	}
}

// Both ends have the default timeout.
func TestLoopbackPairTimeout(t *testing.T) { // items 82, 84
	before := DefaultTimeout()
	defer SetDefaultTimeout(before)
	for _, d := range []time.Duration{0, time.Minute} {
		SetDefaultTimeout(d)
		a, b, err := loopbackPair(AF_INET, SOCK_STREAM, 0, func(Addr) {})
		if errors.Is(err, errors.ErrUnsupported) {
			t.Skip("until there is a poller:", err)
		}
		if err != nil {
			t.Fatal(err)
		}
		if a.Timeout() != d || b.Timeout() != d {
			t.Errorf("the timeouts are %v and %v, want %v", a.Timeout(), b.Timeout(), d)
		}
		a.Close()
		b.Close()
	}
}

func TestLoopbackPairRefuses(t *testing.T) { // item 84
	for _, tt := range []struct {
		name               string
		family, typ, proto int
		rule               string
	}{
		{"family", AF_UNIX, SOCK_STREAM, 0, "Only AF_INET and AF_INET6 socket address families are supported"},
		{"type", AF_INET, SOCK_DGRAM, 0, "Only SOCK_STREAM socket type is supported"},
		{"proto", AF_INET6, SOCK_STREAM, 1, "Only protocol zero is supported"},
	} {
		a, b, err := loopbackPair(tt.family, tt.typ, tt.proto, func(Addr) {})
		var arg *ArgError
		if a != nil || b != nil || !errors.As(err, &arg) || arg.Rule != tt.rule {
			t.Errorf("%s: %v", tt.name, err)
		}
	}
}

// A stranger who finds the listener first does not become an end of the pair.
func TestLoopbackPairWithAStranger(t *testing.T) { // items 84, 235
	for _, family := range []int{AF_INET, AF_INET6} {
		stranger, err := New(family, SOCK_STREAM, 0)
		if errors.Is(err, errors.ErrUnsupported) {
			t.Skip("until there is a poller:", err)
		}
		if err != nil {
			t.Fatal(err)
		}
		defer stranger.Close()
		a, b, err := loopbackPair(family, SOCK_STREAM, 0, func(at Addr) {
			if err := stranger.Connect(at); err != nil {
				t.Error(err)
			}
		})
		if a != nil || b != nil || !errors.Is(err, errStranger) {
			t.Errorf("%v, want an unexpected peer", err)
		}
		// The end that the stranger got is closed.
		if err := stranger.SetTimeout(5 * time.Second); err != nil {
			t.Error(err)
		}
		if p, err := stranger.Recv(1, 0); len(p) != 0 || errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("the stranger received %q, %v", p, err)
		}
	}
}
