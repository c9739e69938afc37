package linux_test

import (
	"errors"
	"net"
	"runtime"
	"strings"
	"syscall"
	"testing"

	"github.com/polluxio/pollux/sock"
	"github.com/polluxio/pollux/sock/internal/linux"
	"github.com/polluxio/pollux/sock/socktest"
)

// On Linux an option is set and read. On other systems every function names the missing feature.
func TestOptions(t *testing.T) {
	socktest.Check(t)
	if runtime.GOOS != "linux" {
		if err := linux.Only("SO_PRIORITY"); !errors.Is(err, errors.ErrUnsupported) || !strings.Contains(err.Error(), "SO_PRIORITY") {
			t.Errorf("%v", err)
		}
		return
	}
	const solSocket, soPriority = 1, 12 // <asm-generic/socket.h>
	s := socktest.UDP.New(t)
	socktest.Must(t, linux.SetInt(s, "SO_PRIORITY", solSocket, soPriority, 3))
	if v, err := linux.Int(s, "SO_PRIORITY", solSocket, soPriority); v != 3 || err != nil {
		t.Errorf("%d, %v; want 3", v, err)
	}
	socktest.Must(t, linux.SetBool(s, "SO_PRIORITY", solSocket, soPriority, true))
	var long [8]byte
	if got, err := linux.Option(s, "SO_PRIORITY", solSocket, soPriority, long[:]); len(got) != 4 || err != nil {
		t.Errorf("%x, %v; want 4 bytes", got, err)
	}
	if err := linux.Exactly(s, "SO_PRIORITY", solSocket, soPriority, long[:]); err == nil || !strings.Contains(err.Error(), "4 bytes of 8") {
		t.Errorf("%v; want too few bytes", err)
	}
	if _, err := linux.Option(s, "nothing", solSocket, 9999, long[:]); !errors.Is(err, syscall.ENOPROTOOPT) {
		t.Errorf("%v; want ENOPROTOOPT", err)
	}
}

// The error names the operation, both for a failed call and for a closed socket.
func TestErrorsHaveTheOperation(t *testing.T) {
	s := socktest.UDP.New(t)
	fails := func(int) error { return syscall.EPERM }
	var op *net.OpError
	if err := linux.Call(s, "poke", "poking", fails); !errors.As(err, &op) || op.Op != "poke" || !want(err, syscall.EPERM) {
		t.Errorf("%v; want EPERM of poke", err)
	}
	socktest.Must(t, s.Close())
	if err := linux.Call(s, "poke", "poking", fails); !errors.As(err, &op) || op.Op != "poke" || !want(err, net.ErrClosed) {
		t.Errorf("%v; want net.ErrClosed of poke", err)
	}
	if err := linux.SetOption(s, "SO_PRIORITY", sock.SOL_SOCKET, 12, make([]byte, 4)); !want(err, net.ErrClosed) {
		t.Errorf("%v; want net.ErrClosed", err)
	}
}

// want reports whether err is the expected error. On all systems except Linux,
// errors.ErrUnsupported is expected instead.
func want(err, expected error) bool {
	if runtime.GOOS != "linux" {
		expected = errors.ErrUnsupported
	}
	return errors.Is(err, expected)
}
