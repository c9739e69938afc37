package sock

import (
	"encoding/binary"
	"fmt"
	"math"
	"strings"
	"time"
)

// Linger says what Close does with sent data that the peer has not acknowledged yet: SO_LINGER,
// socket(7).
//
//	struct linger { int l_onoff; int l_linger; };    <sys/socket.h>: 0, 4
//	struct linger { u_short l_onoff, l_linger; };    <winsock2.h>: 0, 2
type Linger struct {
	On bool // false: Close returns at once, and the system goes on to deliver the data
	// Time is the longest time that Close waits, in whole seconds, rounded up. With 0 Close resets
	// the connection and drops the data. Linux waits for a non-blocking socket too, so such a Close
	// blocks the loop on whose goroutine it is called.
	Time time.Duration
}

// SetLinger sets SO_LINGER.
//
// Error: an *ArgError for a time that is negative or longer than a C int of seconds.
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

// Linger returns what SetLinger has set.
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

// SetsockoptTimeval sets an option whose value is a struct timeval, such as SO_RCVTIMEO. The time
// is rounded up to microseconds, so that a short time does not become 0; 0 is no limit. SO_RCVTIMEO
// and SO_SNDTIMEO have no effect on a Socket, because its descriptor is non-blocking. They matter
// to another program that has the descriptor after Detach. For the timeout of a Socket see
// SetTimeout.
//
//	struct timeval { time_t tv_sec; suseconds_t tv_usec; };    <sys/time.h>
//
// Errors: an *ArgError for a negative time; errors.ErrUnsupported on Windows, where the value is a
// DWORD of milliseconds.
func (s *Socket) SetsockoptTimeval(level, name int, d time.Duration) error {
	if err := cOption(level, name); err != nil {
		return s.fail("setsockopt", Addr{}, err)
	}
	if d < 0 {
		return s.fail("setsockopt", Addr{}, &ArgError{ArgRange, "time", d, "must not be negative"})
	}
	if timevalLen == 0 {
		return s.fail("setsockopt", Addr{}, lacks("struct timeval"))
	}
	b := make([]byte, timevalLen)
	if !putTimeval(b, d) {
		return s.fail("setsockopt", Addr{}, &ArgError{ArgRange, "time", d, "must be at most 2147483647 s"})
	}
	return s.set(level, name, func(sysfd int) error { return sysSetsockopt(sysfd, level, name, b) })
}

// GetsockoptTimeval reads an option whose value is a struct timeval. See SetsockoptTimeval.
func (s *Socket) GetsockoptTimeval(level, name int) (time.Duration, error) {
	if err := cOption(level, name); err != nil {
		return 0, s.fail("getsockopt", Addr{}, err)
	}
	if timevalLen == 0 {
		return 0, s.fail("getsockopt", Addr{}, lacks("struct timeval"))
	}
	b := make([]byte, timevalLen)
	err := s.do("getsockopt", func(sysfd int) error {
		n, err := sysGetsockopt(sysfd, level, name, b)
		if err == nil && n != len(b) {
			err = fmt.Errorf("the value has %d bytes, and a struct timeval has %d", n, len(b))
		}
		return err
	})
	if err != nil {
		return 0, err
	}
	sec, us := secondsAndFraction(b)
	return time.Duration(sec)*time.Second + time.Duration(us)*time.Microsecond, nil
}

// PeerPidFD returns a new descriptor of the process that made the other end of a connected AF_UNIX
// socket. The caller closes it. A process ID can be reused; the descriptor always means the same
// process. SO_PEERPIDFD; Linux 6.5.
//
// Errors: ENOPROTOOPT on an older kernel; ENODATA for a socket that is not connected; ESRCH if the
// process no longer exists; errors.ErrUnsupported except on Linux.
func (s *Socket) PeerPidFD() (fd int, err error) {
	fd, err = s.getInt("SO_PEERPIDFD", SOL_SOCKET, options.peerpidfd)
	if err != nil {
		return -1, err
	}
	return fd, nil
}

// mostInterfaceName is IFNAMSIZ of <net/if.h> without the final NUL.
const mostInterfaceName = 15

// BindToDevice limits the socket to the network interface of that name, for sending and receiving.
// The empty name removes the limit. SO_BINDTODEVICE; Linux only; socket(7).
//
// Errors: an *ArgError for a name longer than 15 bytes or with a NUL; ENODEV for an interface that
// does not exist; EPERM to change the interface without CAP_NET_RAW; errors.ErrUnsupported except
// on Linux.
func (s *Socket) BindToDevice(name string) error {
	if len(name) > mostInterfaceName || strings.ContainsRune(name, 0) {
		return s.fail("setsockopt", Addr{}, &ArgError{nameKind(name, mostInterfaceName), "name", name, "must have at most 15 bytes, and no NUL"})
	}
	return s.setOption("SO_BINDTODEVICE", SOL_SOCKET, options.bindtodevice, append([]byte(name), 0))
}

// BoundDevice returns the name that BindToDevice has set, or "".
func (s *Socket) BoundDevice() (string, error) {
	var b [mostInterfaceName + 1]byte
	n, err := s.getOption("SO_BINDTODEVICE", SOL_SOCKET, options.bindtodevice, b[:], 0)
	return cText(b[:n]), err
}
