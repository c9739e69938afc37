package sock

import (
	"errors"
	"math"
)

// Getsockopt wraps getsockopt(2) for an option whose value is a C int.
//
// Errors: ENOPROTOOPT for an option that the system does not know, net.ErrClosed.
func (s *Socket) Getsockopt(level, name int) (value int, err error) {
	if err := cOption(level, name); err != nil {
		return 0, s.fail("getsockopt", Addr{}, err)
	}
	err = s.do("getsockopt", func(sysfd int) error {
		value, err = sysGetsockoptInt(sysfd, level, name)
		return err
	})
	return value, err
}

// maxOption is the most that Python's getsockopt gives room for.
const maxOption = 1024

// GetsockoptBytes wraps getsockopt(2) for any other option: at most n bytes of its value, 1 to 1024; as many as the system says.
func (s *Socket) GetsockoptBytes(level, name, n int) (value []byte, err error) {
	if err := cOption(level, name); err != nil {
		return nil, s.fail("getsockopt", Addr{}, err)
	}
	if n <= 0 || n > maxOption {
		return nil, s.fail("getsockopt", Addr{}, &ArgError{"buflen", n, "getsockopt buflen out of range"})
	}
	err = s.do("getsockopt", func(sysfd int) error {
		p := make([]byte, n)
		n, err := sysGetsockopt(sysfd, level, name, p)
		value = p[:n]
		return err
	})
	return value, err
}

// Setsockopt wraps setsockopt(2) for an option whose value is a C int, signed or unsigned.
//
// Errors: an *ArgError for a value beyond 32 bits, ENOPROTOOPT, EINVAL, EPERM, net.ErrClosed.
func (s *Socket) Setsockopt(level, name, value int) error {
	if err := cOption(level, name); err != nil {
		return s.fail("setsockopt", Addr{}, err)
	}
	if value < math.MinInt32 || uint64(max(value, 0)) > math.MaxUint32 {
		return s.fail("setsockopt", Addr{}, &ArgError{"value", value, "Python int too large to convert to C int"})
	}
	return s.do("setsockopt", func(sysfd int) error { return sysSetsockoptInt(sysfd, level, name, int32(value)) })
}

// SetsockoptBytes wraps setsockopt(2) for an option whose value is a structure or text.
func (s *Socket) SetsockoptBytes(level, name int, value []byte) error {
	if err := cOption(level, name); err != nil {
		return s.fail("setsockopt", Addr{}, err)
	}
	return s.do("setsockopt", func(sysfd int) error { return sysSetsockopt(sysfd, level, name, value) })
}

// SetsockoptNil wraps setsockopt(2) for an option that is all in its length, with no value: Python's setsockopt(level, name, None,
// optlen).
//
// Error: an *ArgError for a length that is negative or beyond a C int.
func (s *Socket) SetsockoptNil(level, name, optlen int) error {
	if err := cOption(level, name); err != nil {
		return s.fail("setsockopt", Addr{}, err)
	}
	if optlen < 0 || optlen > math.MaxInt32 {
		return s.fail("setsockopt", Addr{}, &ArgError{"optlen", optlen, "must be 0-2147483647"})
	}
	return s.do("setsockopt", func(sysfd int) error { return sysSetsockoptNil(sysfd, level, name, optlen) })
}

func cOption(level, name int) error { return errors.Join(cInt("level", level), cInt("name", name)) }
