package sock

import (
	"encoding/binary"
	"fmt"
	"math"
	"strings"
	"time"
)

// Linger is what Close does with what was sent and has not arrived: SO_LINGER, socket(7).
//
//	struct linger { int l_onoff; int l_linger; };    <sys/socket.h>: 0, 4
//	struct linger { u_short l_onoff, l_linger; };    <winsock2.h>: 0, 2
type Linger struct {
	On bool // false: the system delivers it while Close returns at once
	// Time is how long Close waits for that at most, in whole seconds, rounded up. With 0 it waits
	// for nothing, but resets the connection and drops what was sent. Linux waits for a
	// non-blocking socket too: a Close that has to wait holds up the loop on whose goroutine it is
	// made.
	Time time.Duration
}

// SetLinger sets SO_LINGER.
//
// Error: an *ArgError for a time that is negative or beyond a C int of seconds.
func (s *Socket) SetLinger(l Linger) error {
	if l.Time < 0 || l.Time > math.MaxInt32*time.Second {
		return s.fail("setsockopt", Addr{}, &ArgError{ArgRange, "time", l.Time, "must be 0 to 2147483647 s"})
	}
	on, seconds := boolInt(l.On), int32((l.Time+time.Second-1)/time.Second)
	if options.lingerShort {
		if seconds > math.MaxUint16 {
			return s.fail("setsockopt", Addr{}, &ArgError{ArgRange, "time", l.Time, "must be 0 to 65535 s"})
		}
		b := binary.NativeEndian.AppendUint16(nil, uint16(on))
		return s.setOption("SO_LINGER", SOL_SOCKET, options.linger, binary.NativeEndian.AppendUint16(b, uint16(seconds)))
	}
	return s.setOption("SO_LINGER", SOL_SOCKET, options.linger, int32s(on, seconds))
}

// Linger is what SetLinger has set.
func (s *Socket) Linger() (Linger, error) {
	var b [8]byte
	room := b[:]
	if options.lingerShort {
		room = b[:4]
	}
	if _, err := s.getOption("SO_LINGER", SOL_SOCKET, options.linger, room, len(room)); err != nil {
		return Linger{}, err
	}
	e := binary.NativeEndian
	if options.lingerShort {
		return Linger{e.Uint16(b[:]) != 0, time.Duration(e.Uint16(b[2:])) * time.Second}, nil
	}
	return Linger{e.Uint32(b[:]) != 0, time.Duration(int32(e.Uint32(b[4:]))) * time.Second}, nil
}

// SetsockoptTimeval sets an option whose value is a struct timeval, such as SO_RCVTIMEO:
// microseconds, rounded up, so that no time becomes none; 0 is no limit. SO_RCVTIMEO and
// SO_SNDTIMEO do not concern a Socket, whose descriptor is non-blocking, but another program that
// has the descriptor after Detach. For the timeout of a Socket see SetTimeout.
//
//	struct timeval { time_t tv_sec; suseconds_t tv_usec; };    <sys/time.h>: 0 and 8, or 0 and 4 on Linux of 32 bits
//
// Errors: an *ArgError for a negative time; errors.ErrUnsupported on Windows, which has
// milliseconds in a DWORD.
func (s *Socket) SetsockoptTimeval(level, name int, d time.Duration) error {
	if err := cOption(level, name); err != nil {
		return s.fail("setsockopt", Addr{}, err)
	}
	if d < 0 {
		return s.fail("setsockopt", Addr{}, &ArgError{ArgRange, "time", d, "must not be negative"})
	}
	if options.timeval == 0 {
		return s.fail("setsockopt", Addr{}, lacks("struct timeval"))
	}
	us := int64(d / time.Microsecond)
	if d%time.Microsecond > 0 {
		us++
	}
	b, e := make([]byte, options.timeval), binary.NativeEndian
	if len(b) == 8 {
		if us > math.MaxInt32*1e6 {
			return s.fail("setsockopt", Addr{}, &ArgError{ArgRange, "time", d, "must be at most 2147483647 s"})
		}
		e.PutUint32(b, uint32(us/1e6))
		e.PutUint32(b[4:], uint32(us%1e6))
	} else {
		e.PutUint64(b, uint64(us/1e6))
		e.PutUint64(b[8:], uint64(us%1e6))
	}
	return s.set(level, name, func(sysfd int) error { return sysSetsockopt(sysfd, level, name, b) })
}

// GetsockoptTimeval reads an option whose value is a struct timeval. See SetsockoptTimeval.
func (s *Socket) GetsockoptTimeval(level, name int) (time.Duration, error) {
	if err := cOption(level, name); err != nil {
		return 0, s.fail("getsockopt", Addr{}, err)
	}
	if options.timeval == 0 {
		return 0, s.fail("getsockopt", Addr{}, lacks("struct timeval"))
	}
	b := make([]byte, options.timeval)
	err := s.do("getsockopt", func(sysfd int) error {
		n, err := sysGetsockopt(sysfd, level, name, b)
		if err == nil && n != len(b) {
			err = fmt.Errorf("%d bytes are no struct timeval, which has %d", n, len(b))
		}
		return err
	})
	if err != nil {
		return 0, err
	}
	e := binary.NativeEndian
	if len(b) == 8 {
		return time.Duration(int32(e.Uint32(b)))*time.Second + time.Duration(e.Uint32(b[4:]))*time.Microsecond, nil
	}
	return time.Duration(e.Uint64(b))*time.Second + time.Duration(int32(e.Uint64(b[8:])))*time.Microsecond, nil
}

// PeerPidFD is a descriptor of the process that made the other end of a connected AF_UNIX socket,
// which is the caller's to close: it names the process for good, as a number does not. SO_PEERPIDFD
// of Linux 6.5.
//
// Errors: ENOPROTOOPT on an older kernel; ENODATA for a socket that is not connected; ESRCH if the
// process is gone.
func (s *Socket) PeerPidFD() (fd int, err error) {
	fd, err = s.getInt("SO_PEERPIDFD", SOL_SOCKET, options.peerpidfd)
	if err != nil {
		return -1, err
	}
	return fd, nil
}

// mostInterfaceName is IFNAMSIZ of <net/if.h> without its NUL.
const mostInterfaceName = 15

// BindToDevice has the socket send and receive by the network interface of that name only:
// SO_BINDTODEVICE of Linux, socket(7). The empty name ends it.
//
// Errors: an *ArgError for a name of more than 15 bytes or with a NUL; ENODEV for one that there is
// not; EPERM to change it without CAP_NET_RAW.
func (s *Socket) BindToDevice(name string) error {
	if len(name) > mostInterfaceName || strings.ContainsRune(name, 0) {
		return s.fail("setsockopt", Addr{}, &ArgError{nameKind(name, mostInterfaceName), "name", name, "must have at most 15 bytes, and no NUL"})
	}
	return s.setOption("SO_BINDTODEVICE", SOL_SOCKET, options.bindtodevice, append([]byte(name), 0))
}

// BoundDevice is what BindToDevice has set, "" if nothing.
func (s *Socket) BoundDevice() (string, error) {
	var b [mostInterfaceName + 1]byte
	n, err := s.getOption("SO_BINDTODEVICE", SOL_SOCKET, options.bindtodevice, b[:], 0)
	return cText(b[:n]), err
}
