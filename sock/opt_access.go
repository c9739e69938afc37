package sock

import (
	"encoding/binary"
	"fmt"
	"time"
)

// setOption is SetsockoptBytes for an option that the system may lack. setInt is Setsockopt for
// one.
func (s *Socket) setOption(what string, level, name int, p []byte) error {
	if name == 0 {
		return s.fail("setsockopt", Addr{}, lacks(what))
	}
	return s.set(level, name, func(sysfd int) error { return sysSetsockopt(sysfd, level, name, p) })
}

func (s *Socket) setInt(what string, level, name int, v int32) error {
	if name == 0 {
		return s.fail("setsockopt", Addr{}, lacks(what))
	}
	return s.set(level, name, func(sysfd int) error { return sysSetsockoptInt(sysfd, level, name, v) })
}

// getOption reads an option that the system may lack into p, and returns how many bytes of p it
// filled. A value shorter than least bytes is an error.
func (s *Socket) getOption(what string, level, name int, p []byte, least int) (n int, err error) {
	if name == 0 {
		return 0, s.fail("getsockopt", Addr{}, lacks(what))
	}
	err = s.do("getsockopt", func(sysfd int) error {
		n, err = sysGetsockopt(sysfd, level, name, p)
		if n = min(n, len(p)); err == nil && n < least { // some options report the length of the whole value
			err = fmt.Errorf("%s: %d bytes of %d", what, n, least)
		}
		return err
	})
	return n, err
}

func (s *Socket) getInt(what string, level, name int) (v int, err error) {
	if name == 0 {
		return 0, s.fail("getsockopt", Addr{}, lacks(what))
	}
	err = s.do("getsockopt", func(sysfd int) error {
		v, err = sysGetsockoptInt(sysfd, level, name)
		return err
	})
	return v, err
}

// boolInt returns on as a C int.
func boolInt(on bool) int32 {
	if on {
		return 1
	}
	return 0
}

// seconds returns d in whole seconds, from 1 to most. It rounds up, so that a short time does not
// become 0.
func seconds(arg string, d time.Duration, most int) (int32, error) {
	n := (d + time.Second - 1) / time.Second
	if d <= 0 || d > time.Duration(most)*time.Second {
		return 0, &ArgError{ArgRange, arg, d, fmt.Sprintf("must be more than 0 and at most %d s", most)}
	}
	return int32(n), nil
}

// int32s encodes v as consecutive C ints.
func int32s(v ...int32) []byte {
	b := make([]byte, 0, 4*len(v))
	for _, v := range v {
		b = binary.NativeEndian.AppendUint32(b, uint32(v))
	}
	return b
}
