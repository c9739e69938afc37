package sock

import (
	"encoding/binary"
	"math"
	"time"
)

// AF_VSOCK beyond its addresses: vsock(7), <linux/vm_sockets.h>.

// VsockLocalCID returns the context identifier of this host or virtual machine:
// IOCTL_VM_SOCKETS_GET_LOCAL_CID of /dev/vsock. VMADDR_CID_ANY means that no transport carries
// AF_VSOCK beyond this host. Sockets of this host can still reach each other by VMADDR_CID_LOCAL,
// if the loopback transport exists.
//
// Errors: an *UnsupportedError if the device does not exist; EACCES without the permission to open
// it.
func VsockLocalCID() (uint32, error) {
	cid, err := sysVsockLocalCID()
	if err != nil {
		return 0, failed("ioctl", Family(vsockFamily), err)
	}
	return cid, nil
}

// SetVsockConnectTimeout sets how long the kernel tries to connect: SO_VM_SOCKETS_CONNECT_TIMEOUT.
// The default is 2 seconds. It applies beside the socket's own timeout, in each mode; after it,
// Connect fails with ETIMEDOUT.
//
// Error: an *ArgError for a time that is not positive.
func (s *Socket) SetVsockConnectTimeout(d time.Duration) error {
	if d <= 0 {
		return s.fail("setsockopt", Addr{}, &ArgError{ArgRange, "timeout", d, "must be more than 0"})
	}
	// struct __kernel_sock_timeval { __s64 tv_sec; __s64 tv_usec; } is the same for every size of
	// long. 1 µs is the minimum.
	if part := d % time.Microsecond; part > 0 {
		d += min(time.Microsecond-part, math.MaxInt64-d)
	}
	b := binary.NativeEndian.AppendUint64(nil, uint64(d/time.Second))
	b = binary.NativeEndian.AppendUint64(b, uint64(d%time.Second/time.Microsecond))
	return s.do("setsockopt", func(sysfd int) error {
		return sysSetsockopt(sysfd, int(vsockFamily), soVMSocketsConnectTimeoutNew, b)
	})
}

const soVMSocketsConnectTimeoutNew = 8 // SO_VM_SOCKETS_CONNECT_TIMEOUT_NEW, Linux 5.17
