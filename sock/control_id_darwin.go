package sock

import (
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

// sysControlID returns the id of the kernel control with that name, by the ioctl CTLIOCGINFO:
// <sys/kern_control.h>.
//
//	struct ctl_info {
//		u_int32_t ctl_id;                 // 0, which the kernel fills in
//		char      ctl_name[MAX_KCTL_NAME]; // 4
//	};                                    // 100
//
// name has at most MAX_KCTL_NAME bytes. Error: ENOENT for a control that does not exist.
func sysControlID(sysfd int, name string) (uint32, error) {
	var info unix.CtlInfo
	copy(info.Name[:], name)
	for {
		err := unix.IoctlCtlInfo(sysfd, &info)
		switch err {
		case syscall.EINTR:
		case nil:
			return info.Id, nil
		default:
			return 0, os.NewSyscallError("ioctl", err)
		}
	}
}
