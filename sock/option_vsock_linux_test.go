package sock_test

import (
	"encoding/binary"
	"testing"

	"github.com/polluxio/pollux/sock"
	"github.com/polluxio/pollux/sock/socktest"
)

// Python reads and writes 64 bits whatever the option; and it has no other form, which is to be had here.
func TestOptionsOfVsock(t *testing.T) { // item 144
	k := socktest.Kind{Name: "vsock", Family: sock.AF_VSOCK, Type: sock.SOCK_STREAM}
	socktest.Check(t)
	s := k.New(t)
	const level = sock.AF_VSOCK
	const large = 1<<40 + 5 // beyond an int of 32 bits, where it counts modulo 2**32
	for _, option := range []struct {
		name  int
		value int64
	}{
		{sock.SO_VM_SOCKETS_BUFFER_MAX_SIZE, large + 1},
		{sock.SO_VM_SOCKETS_BUFFER_SIZE, large},
		{sock.SO_VM_SOCKETS_BUFFER_MIN_SIZE, 7},
	} {
		value := int(option.value)
		socktest.Must(t, s.Setsockopt(level, option.name, value))
		if got, err := s.Getsockopt(level, option.name); got != value || err != nil {
			t.Errorf("option %d is %d, %v; want %d", option.name, got, err, value)
		}
	}
	// The options of sockets are C ints still.
	socktest.Must(t, s.Setsockopt(sock.SOL_SOCKET, sock.SO_RCVBUF, 10000))
	if got, err := s.Getsockopt(sock.SOL_SOCKET, sock.SO_RCVBUF); got != 20000 || err != nil {
		t.Errorf("SO_RCVBUF is %d, %v", got, err)
	}
	if got, err := s.Getsockopt(sock.SOL_SOCKET, sock.SO_ERROR); got != 0 || err != nil {
		t.Errorf("SO_ERROR is %d, %v", got, err)
	}
	if p, err := s.GetsockoptBytes(level, sock.SO_VM_SOCKETS_BUFFER_MIN_SIZE, 8); err != nil || len(p) != 8 || binary.NativeEndian.Uint64(p) != 7 {
		t.Errorf("as bytes it is % x, %v", p, err)
	}
}
