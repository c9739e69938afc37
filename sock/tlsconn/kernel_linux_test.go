package tlsconn_test

import (
	"fmt"
	"syscall"
	"unsafe"
)

// rekeys says whether this kernel can change keys: Linux 6.14.
func rekeys() bool {
	var u syscall.Utsname
	if syscall.Uname(&u) != nil {
		return false
	}
	release := unsafe.String((*byte)(unsafe.Pointer(&u.Release[0])), len(u.Release))
	var major, minor int
	fmt.Sscanf(release, "%d.%d", &major, &minor)
	return major > 6 || major == 6 && minor >= 14
}
