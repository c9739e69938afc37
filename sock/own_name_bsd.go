//go:build darwin || freebsd || netbsd || openbsd || dragonfly

package sock

import (
	"syscall"
	"unsafe"
)

// On these systems sethostname(3) is a sysctl, not a system call of its own: <sys/sysctl.h>.
var kernHostname = [2]int32{1, 10} // CTL_KERN, KERN_HOSTNAME

func sysSethostname(name string) error {
	b := []byte(name + "\x00") // so that there is a first byte
	_, _, errno := syscall.Syscall6(syscall.SYS___SYSCTL, uintptr(unsafe.Pointer(&kernHostname)), uintptr(len(kernHostname)),
		0, 0, uintptr(unsafe.Pointer(&b[0])), uintptr(len(name)))
	if errno != 0 {
		return errno
	}
	return nil
}
