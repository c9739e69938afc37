package sock

import (
	"encoding/binary"
	"math"
)

// Getsockopt wraps getsockopt(2) for an option whose value is a C int.
//
// On an AF_VSOCK socket it reads 64 bits on every level, as Python does, since the family's own
// options have so many: see GetsockoptUint64. An option of fewer is what it is elsewhere.
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

// maxOption is the most that Python's getsockopt gives room for.
const maxOption = 1024

// GetsockoptBytes wraps getsockopt(2) for any other option: at most n bytes of its value, 1 to
// 1024; as many as the system says.
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
		value = p[:min(n, len(p))] // some, such as NETLINK_LIST_MEMBERSHIPS, say how much there would be
		return err
	})
	return value, err
}

// Setsockopt wraps setsockopt(2) for an option whose value is a C int, signed or unsigned.
//
// On an AF_VSOCK socket any int will do, modulo 2⁶⁴: as in Python, 8 bytes are sent on every level.
// An option of 4 bytes takes the lower half, one of 8 such as SO_LINGER all of them, and one that
// wants 4 to the byte, such as SO_ATTACH_BPF, is refused with EINVAL.
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
		return s.fail("setsockopt", Addr{}, &ArgError{ArgRange, "value", value, "Python int too large to convert to C int"})
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

// SetsockoptNil wraps setsockopt(2) for an option that is all in its length, with no value:
// Python's setsockopt(level, name, None, optlen).
//
// Error: an *ArgError for a length that is negative or beyond a C int, and on an AF_VSOCK socket.
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

// GetsockoptUint64 is Getsockopt for an option whose value is a number of 64 bits, as those of
// AF_VSOCK are.
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

// set makes a call that sets an option, and notes what the core has to know of it.
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
