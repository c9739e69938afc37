package sock

import (
	"encoding/binary"
	"fmt"
)

// The control codes of Python's socket.ioctl: <mstcpip.h>. The constants with their C names exist
// on Windows only.
const (
	sioRcvall           = 0x98000001 // _WSAIOW(IOC_VENDOR, 1)
	sioKeepaliveVals    = 0x98000004 // _WSAIOW(IOC_VENDOR, 4)
	sioLoopbackFastPath = 0x98000010 // _WSAIOW(IOC_VENDOR, 16)
)

// ioctlInput returns the input of WSAIoctl for a code and its values.
//
//	struct tcp_keepalive {        // offset  <mstcpip.h>
//	    ULONG onoff;              // 0
//	    ULONG keepalivetime;      // 4  milliseconds
//	    ULONG keepaliveinterval;  // 8  milliseconds
//	};
func ioctlInput(code uint32, values []uint32) ([]byte, error) {
	want := 1
	switch code {
	case sioRcvall, sioLoopbackFastPath:
	case sioKeepaliveVals:
		want = 3
	default:
		return nil, &ArgError{ArgUnknown, "code", code, fmt.Sprintf("invalid ioctl command %d", code)}
	}
	if len(values) != want {
		return nil, &ArgError{ArgLength, "values", values, "SIO_KEEPALIVE_VALS takes three values (onoff, time, interval), any other code one"}
	}
	var in []byte
	for _, v := range values {
		in = binary.LittleEndian.AppendUint32(in, v)
	}
	return in, nil
}

// Ioctl controls the mode of a socket: it wraps WSAIoctl; in Python, socket.ioctl. n is the number
// of bytes that the system returned. It is always 0 with these codes:
//
//	SIO_RCVALL, one of RCVALL_*              a raw socket receives all packets of its interface; for administrators
//	SIO_KEEPALIVE_VALS, onoff, ms, ms        keepalive, time until the first probe, and time between probes
//	SIO_LOOPBACK_FAST_PATH, 0 or 1           a shorter way for TCP over loopback; call it before connect or listen
//
// Errors: an *ArgError for any other code, and for another number of values; WSAEINVAL, WSAEACCES,
// net.ErrClosed. Windows only: elsewhere an error around errors.ErrUnsupported.
func (s *Socket) Ioctl(code uint32, values ...uint32) (n int, err error) {
	in, err := ioctlInput(code, values)
	if err != nil {
		return 0, s.fail("ioctl", Addr{}, err)
	}
	err = s.do("ioctl", func(sysfd int) error {
		n, err = wsaIoctl(sysfd, code, in)
		return err
	})
	return n, err
}
