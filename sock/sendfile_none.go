//go:build netbsd || openbsd

package sock

import "syscall"

// sysSendfile is refused: NetBSD and OpenBSD have no such call. Files are read and sent.
func sysSendfile(int, int, int64, int, func() error) (int, error) { return 0, syscall.ENOSYS }
