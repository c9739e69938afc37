package sock

import (
	"errors"
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

const vsockFamily = AF_VSOCK

func sysVsockLocalCID() (uint32, error) {
	fd, err := unix.Open("/dev/vsock", unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		if errors.Is(err, syscall.ENOENT) || errors.Is(err, syscall.ENODEV) || errors.Is(err, syscall.ENXIO) {
			return 0, &UnsupportedError{Kind: "AF_VSOCK", Missing: "no /dev/vsock: needs CONFIG_VSOCKETS (module vsock)", Err: os.NewSyscallError("open", err)}
		}
		return 0, err
	}
	defer unix.Close(fd)
	// Not IoctlGetInt, which reads a C int as a Go one.
	return unix.IoctlGetUint32(fd, unix.IOCTL_VM_SOCKETS_GET_LOCAL_CID)
}
