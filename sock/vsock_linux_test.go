package sock_test

import (
	"encoding/binary"
	"errors"
	"math"
	"strconv"
	"syscall"
	"testing"
	"time"

	"github.com/polluxio/pollux/sock"
	"github.com/polluxio/pollux/sock/socktest"
)

func vsockSocket(t testing.TB) *sock.Socket {
	t.Helper()
	s, err := sock.New(sock.AF_VSOCK, sock.SOCK_STREAM, 0)
	if errors.Is(err, errors.ErrUnsupported) {
		t.Skipf("%v: run this on a kernel that has it", err)
	}
	socktest.Must(t, err)
	return socktest.Closing(t, s)
}

// An option is a number of 64 bits and nothing else.
func TestVsockOptions(t *testing.T) { // item 144
	socktest.Check(t)
	s := vsockSocket(t)
	const size = sock.SO_VM_SOCKETS_BUFFER_SIZE
	if v, err := s.Getsockopt(int(sock.AF_VSOCK), size); err != nil || v != 256<<10 {
		t.Errorf("the buffer has %d bytes, %v", v, err)
	}
	if strconv.IntSize == 64 {
		big := int64(1) << 40
		socktest.Must(t, s.Setsockopt(int(sock.AF_VSOCK), sock.SO_VM_SOCKETS_BUFFER_MAX_SIZE, int(big)))
		if v, err := s.Getsockopt(int(sock.AF_VSOCK), sock.SO_VM_SOCKETS_BUFFER_MAX_SIZE); err != nil || int64(v) != big {
			t.Errorf("the limit is %d, %v", v, err)
		}
	}
	socktest.Must(t, s.Setsockopt(int(sock.AF_VSOCK), sock.SO_VM_SOCKETS_BUFFER_MAX_SIZE, -1)) // modulo 2⁶⁴
	if v, err := s.GetsockoptUint64(int(sock.AF_VSOCK), sock.SO_VM_SOCKETS_BUFFER_MAX_SIZE); err != nil || v != math.MaxUint64 {
		t.Errorf("the limit is %d, %v", v, err)
	}
	socktest.Must(t, s.SetsockoptUint64(int(sock.AF_VSOCK), size, 1<<20))
	if v, err := s.GetsockoptUint64(int(sock.AF_VSOCK), size); err != nil || v != 1<<20 {
		t.Errorf("the buffer has %d bytes, %v", v, err)
	}
	// This holds on every level.
	if v, err := s.Getsockopt(sock.SOL_SOCKET, sock.SO_TYPE); err != nil || sock.Type(v) != sock.SOCK_STREAM {
		t.Errorf("type %d, %v", v, err)
	}
	socktest.Must(t, s.Setsockopt(sock.SOL_SOCKET, sock.SO_PRIORITY, 3))
	if v, err := s.Getsockopt(sock.SOL_SOCKET, sock.SO_PRIORITY); err != nil || v != 3 {
		t.Errorf("priority %d, %v", v, err)
	}
	if strconv.IntSize == 64 {
		high := int64(5)<<32 | 7
		socktest.Must(t, s.Setsockopt(sock.SOL_SOCKET, sock.SO_RCVLOWAT, int(high))) // beyond a C int, and no error
		if v, err := s.Getsockopt(sock.SOL_SOCKET, sock.SO_RCVLOWAT); err != nil || v != 7 {
			t.Errorf("SO_RCVLOWAT %d, %v", v, err)
		}
		// An option of 8 bytes uses all of them: on, and 5 seconds.
		linger := uint64(5)<<32 | 1
		if binary.NativeEndian.Uint16([]byte{0, 1}) == 1 { // big-endian
			linger = 1<<32 | 5
		}
		socktest.Must(t, s.Setsockopt(sock.SOL_SOCKET, sock.SO_LINGER, int(linger)))
		if v, err := s.Getsockopt(sock.SOL_SOCKET, sock.SO_LINGER); err != nil || uint64(v) != linger {
			t.Errorf("SO_LINGER %#x, %v", v, err)
		}
	}
	_, err := s.GetsockoptBytes(int(sock.AF_VSOCK), size, 8)
	for what, err := range map[string]error{
		"bytes got": err,
		"bytes":     s.SetsockoptBytes(int(sock.AF_VSOCK), size, make([]byte, 8)),
		"nil":       s.SetsockoptNil(int(sock.AF_VSOCK), size, 8),
		"no time":   s.SetVsockConnectTimeout(0),
	} {
		var arg *sock.ArgError
		if !errors.As(err, &arg) {
			t.Errorf("%s: %v", what, err)
		}
	}
	socktest.Must(t, s.SetVsockConnectTimeout(1500*time.Millisecond))
	// The value is a struct timeval, whose first half is the seconds.
	if v, err := s.GetsockoptUint64(int(sock.AF_VSOCK), 8); !errors.Is(err, syscall.EINVAL) && (err != nil || v != 1) {
		t.Errorf("connects for %d s, %v", v, err)
	}
}

// Numbers are unsigned. If no transport carries them, the error says so.
func TestVsockAddresses(t *testing.T) { // items 195, 230
	socktest.Check(t)
	s := vsockSocket(t)
	if a := socktest.Name(t, s); a != sock.Vsock(sock.VMADDR_CID_ANY, sock.VMADDR_PORT_ANY) {
		t.Errorf("unbound it is %v", a)
	}
	socktest.Must(t, s.Bind(sock.Vsock(sock.VMADDR_CID_ANY, sock.VMADDR_PORT_ANY)))
	cid, port := socktest.Name(t, s).Vsock()
	if cid != math.MaxUint32 || port == sock.VMADDR_PORT_ANY {
		t.Errorf("bound it is %d, %d", cid, port)
	}
}

// The error says what is missing.
func TestVsockLocalCID(t *testing.T) {
	cid, err := sock.VsockLocalCID()
	if err == nil {
		t.Logf("CID %d", cid)
		return
	}
	if !errors.Is(err, errors.ErrUnsupported) && !errors.Is(err, syscall.EACCES) && !errors.Is(err, syscall.EPERM) {
		t.Errorf("%v", err)
	}
}
