package sock_test

import (
	"testing"

	"github.com/polluxio/pollux/sock"
)

// Flags in a type are named after the type.
func TestNameOfATypeWithFlags(t *testing.T) {
	if got, want := (sock.SOCK_DGRAM | sock.SOCK_CLOEXEC | sock.SOCK_NONBLOCK).String(), "SOCK_DGRAM|SOCK_CLOEXEC|SOCK_NONBLOCK"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}
