//go:build !linux && !darwin && !dragonfly && !freebsd && !windows

package sock

import "syscall"

// NetBSD and OpenBSD have no such call: files are read and sent.
func sysSendfile(int, int, int64, int, func() error) (int, error) { return 0, syscall.ENOSYS }

// Without a poller no socket can be made, so these are never reached.

func sysWritable(int) bool { return true }
func ensureNonblock(int)   {}
