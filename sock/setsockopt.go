package sock

import (
	"encoding/binary"
	"math"
)

// Getsockopt wraps getsockopt(2) for an option whose value is a C int.
//
// On an AF_VSOCK socket it reads 64 bits on every level, as Python does, because the family's own
// options have that size: see GetsockoptUint64. A shorter option has its usual value.
//
// Errors: ENOPROTOOPT for an option that the system does not know, net.ErrClosed.
func (s *Socket) Getsockopt(level, name int) (value int, err error) {
	if err := cOption(level, name); err != nil {
		return 0, s.fail("getsockopt", Addr{}, err)
	}
	err = s.do("getsockopt", func(sysfd int) error {
		if s.has(quirkWideOptions) {
			var b [8]byte
			n, err := sysGetsockopt(sysfd, level, name, b[:])
			if n < len(b) {
				value = int(int32(binary.NativeEndian.Uint32(b[:])))
			} else {
				value = int(binary.NativeEndian.Uint64(b[:]))
			}
			return err
		}
		value, err = sysGetsockoptInt(sysfd, level, name)
		return err
	})
	return value, err
}

// maxOption is the greatest length that Python's getsockopt accepts.
const maxOption = 1024

// GetsockoptBytes wraps getsockopt(2) for any other option. n is the room for its value, 1 to 1024
// bytes; the result has as many bytes as the system returned.
//
// Error: an *ArgError on an AF_VSOCK socket, as in Python.
func (s *Socket) GetsockoptBytes(level, name, n int) (value []byte, err error) {
	if s.has(quirkWideOptions) {
		return nil, s.fail("getsockopt", Addr{}, &ArgError{ArgType, "buflen", n, "getsockopt string buffer not allowed"})
	}
	if err := cOption(level, name); err != nil {
		return nil, s.fail("getsockopt", Addr{}, err)
	}
	if n <= 0 || n > maxOption {
		return nil, s.fail("getsockopt", Addr{}, &ArgError{ArgRange, "buflen", n, "getsockopt buflen out of range"})
	}
	err = s.do("getsockopt", func(sysfd int) error {
		p := make([]byte, n)
		n, err := sysGetsockopt(sysfd, level, name, p)
		value = p[:min(n, len(p))] // some, such as NETLINK_LIST_MEMBERSHIPS, report the length of the whole value
		return err
	})
	return value, err
}

// Setsockopt wraps setsockopt(2) for an option whose value is a C int, signed or unsigned.
//
// On an AF_VSOCK socket it accepts any int, modulo 2⁶⁴, and sends 8 bytes on every level, as Python
// does. An option of 4 bytes uses the lower half, an option of 8 such as SO_LINGER uses all. An
// option that requires exactly 4, such as SO_ATTACH_BPF, fails with EINVAL.
//
// Errors: an *ArgError for a value beyond 32 bits, ENOPROTOOPT, EINVAL, EPERM, net.ErrClosed.
func (s *Socket) Setsockopt(level, name, value int) error {
	if err := cOption(level, name); err != nil {
		return s.fail("setsockopt", Addr{}, err)
	}
	if s.has(quirkWideOptions) {
		return s.SetsockoptUint64(level, name, uint64(int64(value)))
	}
	if value < math.MinInt32 || uint64(max(value, 0)) > math.MaxUint32 {
		return s.fail("setsockopt", Addr{}, &ArgError{ArgRange, "value", value, "must be a C int, signed or unsigned: -2147483648 to 4294967295"})
	}
	return s.set(level, name, func(sysfd int) error { return sysSetsockoptInt(sysfd, level, name, int32(value)) })
}

// SetsockoptBytes wraps setsockopt(2) for an option whose value is a structure or text.
//
// Error: an *ArgError on an AF_VSOCK socket, as in Python.
func (s *Socket) SetsockoptBytes(level, name int, value []byte) error {
	if s.has(quirkWideOptions) {
		return s.fail("setsockopt", Addr{}, &ArgError{ArgType, "value", value, "an option of an AF_VSOCK socket is a number"})
	}
	if err := cOption(level, name); err != nil {
		return s.fail("setsockopt", Addr{}, err)
	}
	return s.set(level, name, func(sysfd int) error { return sysSetsockopt(sysfd, level, name, value) })
}

// SetsockoptNil wraps setsockopt(2) for an option that consists of its length alone: Python's
// setsockopt(level, name, None, optlen). The length is 0 to the maximum of a C int.
//
// Error: an *ArgError for another length, and on an AF_VSOCK socket.
func (s *Socket) SetsockoptNil(level, name, optlen int) error {
	if s.has(quirkWideOptions) {
		return s.fail("setsockopt", Addr{}, &ArgError{ArgType, "optlen", optlen, "an option of an AF_VSOCK socket is a number"})
	}
	if err := cOption(level, name); err != nil {
		return s.fail("setsockopt", Addr{}, err)
	}
	if optlen < 0 || optlen > math.MaxInt32 {
		return s.fail("setsockopt", Addr{}, &ArgError{ArgRange, "optlen", optlen, "must be 0-2147483647"})
	}
	return s.set(level, name, func(sysfd int) error { return sysSetsockoptNil(sysfd, level, name, optlen) })
}

// GetsockoptUint64 is Getsockopt for an option whose value is a number of 64 bits, as the options
// of AF_VSOCK are.
func (s *Socket) GetsockoptUint64(level, name int) (value uint64, err error) {
	if err := cOption(level, name); err != nil {
		return 0, s.fail("getsockopt", Addr{}, err)
	}
	err = s.do("getsockopt", func(sysfd int) error {
		var b [8]byte
		_, err := sysGetsockopt(sysfd, level, name, b[:])
		value = binary.NativeEndian.Uint64(b[:])
		return err
	})
	return value, err
}

// SetsockoptUint64 is Setsockopt for an option whose value is a number of 64 bits. See
// GetsockoptUint64.
func (s *Socket) SetsockoptUint64(level, name int, value uint64) error {
	if err := cOption(level, name); err != nil {
		return s.fail("setsockopt", Addr{}, err)
	}
	return s.set(level, name, func(sysfd int) error {
		return sysSetsockopt(sysfd, level, name, binary.NativeEndian.AppendUint64(nil, value))
	})
}

// set makes a call that sets an option, and updates what the core knows about that option.
func (s *Socket) set(level, name int, call func(sysfd int) error) error {
	return s.do("setsockopt", func(sysfd int) error {
		err := call(sysfd)
		if err != nil {
			return err
		}
		switch {
		case level == SOL_SOCKET && name == SO_LINGER:
			s.lingers()
		case level == IPPROTO_TCP && name == options.ulp:
			s.learnULP(sysfd)
		}
		return nil
	})
}

// lingers notes that SO_LINGER may be set.
func (s *core) lingers() {
	if s.flags.Or(mayLinger)&mayLinger == 0 {
		s.fd.SetLingers()
	}
}
