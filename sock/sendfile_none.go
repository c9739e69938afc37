//go:build netbsd || openbsd

package sock

import "syscall"

// sysSendfile returns ENOSYS: NetBSD and OpenBSD have no such call. Files are read and then sent.
func sysSendfile(int, int, int64, int, func() error) (int, error) { return 0, syscall.ENOSYS }
