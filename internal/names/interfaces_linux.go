package names

import (
	"encoding/binary"
	"os"
	"strings"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// InterfaceIndex returns the index of the network interface with that name. It asks the kernel, as
// if_nametoindex(3) does, because only the kernel knows alternative names too.
//
// Error: ENODEV if no such interface exists.
func InterfaceIndex(name string) (int, error) {
	if len(name) >= InterfaceNameSize || strings.IndexByte(name, 0) >= 0 { // the kernel would cut such a name
		return 0, syscall.ENODEV
	}
	fd, err := unix.Socket(unix.AF_UNIX, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return 0, os.NewSyscallError("socket", err)
	}
	defer unix.Close(fd)
	return IndexAt(fd, name)
}

// IndexAt is InterfaceIndex in the network namespace of the socket fd: SIOCGIFINDEX of
// netdevice(7). It cuts a name that is too long.
func IndexAt(fd int, name string) (int, error) {
	var r ifreq
	copy(r.name[:len(r.name)-1], name)
	_, _, errno := syscall.RawSyscall(unix.SYS_IOCTL, uintptr(fd), unix.SIOCGIFINDEX, uintptr(unsafe.Pointer(&r)))
	if errno != 0 {
		return 0, errno
	}
	return int(int32(binary.NativeEndian.Uint32(r.value[:]))), nil
}

// NameAt returns the name of the network interface with that index in the network namespace of the
// socket fd: SIOCGIFNAME of netdevice(7). It returns "" if no such interface exists.
func NameAt(fd, index int) string {
	var r ifreq
	binary.NativeEndian.PutUint32(r.value[:], uint32(index))
	_, _, errno := syscall.RawSyscall(unix.SYS_IOCTL, uintptr(fd), unix.SIOCGIFNAME, uintptr(unsafe.Pointer(&r)))
	if errno != 0 {
		return ""
	}
	return unix.ByteSliceToString(r.name[:])
}

// ifreq is <linux/if.h>:
//
//	struct ifreq {
//		char ifr_name[IFNAMSIZ];    //  0
//		union { int ifr_ifindex; short ifr_flags; struct sockaddr ifr_hwaddr; struct ifmap ifr_map; … }; // 16
//	};                              // 40, or 32 where a long has 4 bytes
type ifreq struct {
	name  [InterfaceNameSize]byte
	value [24]byte
}
