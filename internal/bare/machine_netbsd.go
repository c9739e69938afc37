package bare

import (
	"errors"
	"unsafe"

	"golang.org/x/sys/unix"
)

// sockaddrIn is struct sockaddr_in of <netinet/in.h>.
type sockaddrIn struct {
	length, family uint8
	port           uint16
	addr           [4]byte
	_              [8]byte
}

// ifreq is struct ifreq of <net/if.h>, with the flags of its union.
type ifreq struct {
	name  [unix.IFNAMSIZ]byte
	flags int16
	_     [126]byte
}

// ifaliasreq is struct ifaliasreq of <net/if.h>.
type ifaliasreq struct {
	name                [unix.IFNAMSIZ]byte
	addr, dstaddr, mask sockaddrIn
}

// The numbers of the ioctls contain the sizes.
var (
	_ = [1]struct{}{}[unsafe.Sizeof(ifreq{})-unix.SIOCGIFFLAGS>>16&0x1fff]
	_ = [1]struct{}{}[unsafe.Sizeof(ifaliasreq{})-unix.SIOCAIFADDR>>16&0x1fff]
)

// openConsole makes the console standard output and standard error. NetBSD, unlike Linux, does not
// open it for the first process, and Go's runtime has then opened /dev/null for both.
func openConsole() error {
	var null, out unix.Stat_t
	if unix.Stat("/dev/null", &null) != nil || unix.Fstat(1, &out) != nil || out.Rdev != null.Rdev || out.Mode&unix.S_IFMT != unix.S_IFCHR {
		return nil
	}
	fd, err := unix.Open("/dev/console", unix.O_WRONLY, 0)
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	return errors.Join(unix.Dup2(fd, 1), unix.Dup2(fd, 2))
}

// raiseLoopback gives 127.0.0.1 to lo0 and raises it. It then gets ::1 by itself (in6_if_up of
// netinet6/in6.c).
func raiseLoopback() error {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	flags := ifreq{}
	copy(flags.name[:], "lo0")
	if err := ioctl(fd, unix.SIOCGIFFLAGS, unsafe.Pointer(&flags)); err != nil {
		return err
	}
	flags.flags |= unix.IFF_UP
	if err := ioctl(fd, unix.SIOCSIFFLAGS, unsafe.Pointer(&flags)); err != nil {
		return err
	}
	in := func(addr ...byte) sockaddrIn {
		return sockaddrIn{length: uint8(unsafe.Sizeof(sockaddrIn{})), family: unix.AF_INET, addr: [4]byte(addr)}
	}
	alias := ifaliasreq{addr: in(127, 0, 0, 1), dstaddr: in(127, 0, 0, 1), mask: in(255, 0, 0, 0)}
	copy(alias.name[:], "lo0")
	err = ioctl(fd, unix.SIOCAIFADDR, unsafe.Pointer(&alias))
	if errors.Is(err, unix.EEXIST) {
		return nil
	}
	return err
}

func ioctl(fd int, number uintptr, arg unsafe.Pointer) error {
	if _, _, errno := unix.Syscall(unix.SYS_IOCTL, uintptr(fd), number, uintptr(arg)); errno != 0 {
		return errno
	}
	return nil
}

// memory returns the bytes of memory, or 0 if they are unknown.
func memory() uint64 {
	n, err := unix.SysctlUint64("hw.physmem64")
	if err != nil {
		return 0
	}
	return n
}
