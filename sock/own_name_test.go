package sock_test

import (
	"errors"
	"os"
	"runtime"
	"strings"
	"syscall"
	"testing"

	"github.com/polluxio/pollux/internal/bare"
	"github.com/polluxio/pollux/sock"
)

func TestGethostname(t *testing.T) { // item 168
	name, err := sock.Gethostname()
	if name == "" && err == nil && bare.First() {
		t.Skip("nothing has given this machine a name: run this on one that has a name")
	}
	if name == "" || err != nil {
		t.Errorf("%q, %v", name, err)
	}
}

// TestSystem tests success, in a namespace where it can do no harm.
func TestSethostnameRefused(t *testing.T) { // item 168
	switch {
	case runtime.GOOS == "windows":
		if err := sock.Sethostname("other"); !errors.Is(err, errors.ErrUnsupported) {
			t.Errorf("%v, want ErrUnsupported", err)
		}
	case os.Geteuid() != 0:
		if err := sock.Sethostname("other"); !errors.Is(err, syscall.EPERM) {
			t.Errorf("%v, want EPERM", err)
		}
	case runtime.GOOS == "linux":
		// In a container even root may not.
		if err := sock.Sethostname(strings.Repeat("a", 65)); !errors.Is(err, syscall.EINVAL) && !errors.Is(err, syscall.EPERM) {
			t.Errorf("65 bytes: %v, want EINVAL", err)
		}
	default:
		t.Skip("root may give this host any name: run the test as another user")
	}
}
