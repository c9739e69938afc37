// Package linux makes system calls that exist on Linux only, for the packages of the address
// families. On every other system its functions make no system call, because the same number may be
// another option there. They return an error around errors.ErrUnsupported, which names the missing
// feature.
//
// Of package sock it uses only the exported API.
package linux

import (
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"runtime"

	"github.com/polluxio/pollux/sock"
)

// Only returns nil on Linux. On all other systems it returns an error around errors.ErrUnsupported
// that contains what.
func Only(what string) error {
	if runtime.GOOS == "linux" {
		return nil
	}
	return fmt.Errorf("%s on %s: %w", what, runtime.GOOS, errors.ErrUnsupported)
}

// Call makes a system call that never waits. The descriptor stays open until fn returns. op is the
// name of the operation for errors, and what names the feature that other systems lack.
func Call(s *sock.Socket, op, what string, fn func(sysfd int) error) error {
	err := Only(what)
	if err == nil {
		err = control(s, fn)
	}
	return s.OpError(op, sock.Addr{}, err)
}

// control is RawConn.Control with a result. It removes the operation name that the error of Control
// adds.
func control(s *sock.Socket, fn func(sysfd int) error) error {
	conn, err := s.SyscallConn()
	if err != nil {
		return err
	}
	var failed error
	err = conn.Control(func(sysfd uintptr) { failed = fn(int(sysfd)) })
	var op *net.OpError
	if errors.As(err, &op) {
		return op.Err
	}
	return errors.Join(err, failed)
}

// SetOption sets a socket option whose value is bytes.
func SetOption(s *sock.Socket, what string, level, name int, value []byte) error {
	if err := Only(what); err != nil {
		return s.OpError("setsockopt", sock.Addr{}, err)
	}
	return s.SetsockoptBytes(level, name, value)
}

// SetInt sets a socket option whose value is a C int.
func SetInt(s *sock.Socket, what string, level, name, value int) error {
	if err := Only(what); err != nil {
		return s.OpError("setsockopt", sock.Addr{}, err)
	}
	return s.Setsockopt(level, name, value)
}

// SetBool sets a socket option whose value is a C int, to 1 or 0.
func SetBool(s *sock.Socket, what string, level, name int, on bool) error {
	v := 0
	if on {
		v = 1
	}
	return SetInt(s, what, level, name, v)
}

// Option reads a socket option into p. It returns the part of p that the kernel has filled.
func Option(s *sock.Socket, what string, level, name int, p []byte) ([]byte, error) {
	n := 0
	err := Call(s, "getsockopt", what, func(sysfd int) (err error) {
		_, n, err = Getsockopt(sysfd, level, name, p)
		return err
	})
	return p[:min(n, len(p))], err
}

// Exactly reads a socket option that fills p. It fails if the option has another length.
func Exactly(s *sock.Socket, what string, level, name int, p []byte) error {
	got, err := Option(s, what, level, name, p)
	if err == nil && len(got) != len(p) {
		err = s.OpError("getsockopt", sock.Addr{}, fmt.Errorf("%s: %d bytes of %d", what, len(got), len(p)))
	}
	return err
}

// Int reads a socket option whose value is a C int.
func Int(s *sock.Socket, what string, level, name int) (int, error) {
	var b [4]byte
	err := Exactly(s, what, level, name, b[:])
	return int(int32(binary.NativeEndian.Uint32(b[:]))), err
}
