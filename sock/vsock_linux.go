package sock

import (
	"encoding/binary"
	"errors"
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

const (
	vsockFamily         = int(AF_VSOCK)
	vsockConnectTimeout = 6 // SO_VM_SOCKETS_CONNECT_TIMEOUT of <linux/vm_sockets.h>, with the long of the system
)

// sysResetVsock resets a socket whose connect has failed, so that it can connect again. After a
// failure it stays "connecting", and only a connect(2) that may block ends that (vsock_connect of
// net/vmw_vsock/af_vsock.c). With an address of another family that call starts nothing. With the
// shortest timeout it takes one tick of the system's clock.
func sysResetVsock(fd int) {
	var timeout [16]byte
	n, err := sysGetsockopt(fd, vsockFamily, vsockConnectTimeout, timeout[:])
	if err != nil || n == 0 {
		return
	}
	shortest := make([]byte, n) // a struct timeval: seconds and microseconds of the same size
	if n == 16 {
		binary.NativeEndian.PutUint64(shortest[8:], 1)
	} else {
		binary.NativeEndian.PutUint32(shortest[n/2:], 1)
	}
	if sysSetsockopt(fd, vsockFamily, vsockConnectTimeout, shortest) != nil {
		return
	}
	other := make([]byte, 16)
	binary.NativeEndian.PutUint16(other, uint16(AF_INET))
	unix.SetNonblock(fd, false)
	unix.Syscall(unix.SYS_CONNECT, uintptr(fd), uintptr(first(other)), uintptr(len(other)))
	unix.SetNonblock(fd, true)
	sysSetsockopt(fd, vsockFamily, vsockConnectTimeout, timeout[:n])
}

func sysVsockLocalCID() (uint32, error) {
	fd, err := unix.Open("/dev/vsock", unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		if errors.Is(err, syscall.ENOENT) || errors.Is(err, syscall.ENODEV) || errors.Is(err, syscall.ENXIO) {
			return 0, &UnsupportedError{Kind: "AF_VSOCK", Missing: "no /dev/vsock: needs CONFIG_VSOCKETS (module vsock)", Err: os.NewSyscallError("open", err)}
		}
		return 0, err
	}
	defer unix.Close(fd)
	// IoctlGetInt would read a C int as a Go int.
	return unix.IoctlGetUint32(fd, unix.IOCTL_VM_SOCKETS_GET_LOCAL_CID)
}
