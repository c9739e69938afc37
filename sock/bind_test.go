package sock_test

import (
	"errors"
	"syscall"
	"testing"

	"github.com/polluxio/pollux/sock/socktest"
)

func TestBind(t *testing.T) { // item 61
	socktest.Each(t, socktest.Kinds, func(t *testing.T, k socktest.Kind) {
		s, addr := k.Bound(t)
		if addr.Port() == 0 && addr.Path() == "" {
			t.Errorf("bound to %v", addr)
		}
		other := k.New(t)
		if err := other.Bind(addr); !errors.Is(err, syscall.EADDRINUSE) {
			t.Errorf("another one to the same: %v", err)
		}
		if err := s.Bind(k.Addr(t)); !errors.Is(err, syscall.EINVAL) {
			t.Errorf("again: %v", err)
		}
	})
}
