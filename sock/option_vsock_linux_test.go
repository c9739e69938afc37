package sock_test

import (
	"errors"
	"testing"

	"github.com/polluxio/pollux/sock"
	"github.com/polluxio/pollux/sock/socktest"
)

// All options are read and written with 64 bits, of which a C int takes what it needs; and there is no other form.
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
	// The options of sockets are C ints.
	socktest.Must(t, s.Setsockopt(sock.SOL_SOCKET, sock.SO_RCVBUF, 10000))
	if got, err := s.Getsockopt(sock.SOL_SOCKET, sock.SO_RCVBUF); got != 20000 || err != nil {
		t.Errorf("SO_RCVBUF is %d, %v", got, err)
	}
	if got, err := s.Getsockopt(sock.SOL_SOCKET, sock.SO_ERROR); got != 0 || err != nil {
		t.Errorf("SO_ERROR is %d, %v", got, err)
	}
	for name, call := range map[string]func() error{
		"GetsockoptBytes": func() error { _, err := s.GetsockoptBytes(level, sock.SO_VM_SOCKETS_BUFFER_SIZE, 8); return err },
		"SetsockoptBytes": func() error { return s.SetsockoptBytes(level, sock.SO_VM_SOCKETS_BUFFER_SIZE, make([]byte, 8)) },
		"SetsockoptNil":   func() error { return s.SetsockoptNil(level, sock.SO_VM_SOCKETS_BUFFER_SIZE, 8) },
	} {
		var arg *sock.ArgError
		if err := call(); !errors.As(err, &arg) {
			t.Errorf("%s: %v, want an ArgError", name, err)
		}
	}
}
