//go:build !linux

package sock

const (
	soAttachFilter    = 0
	soDetachFilter    = 0
	soLockFilter      = 0
	soAttachReusePort = 0
	soDetachReusePort = 0
)

func sysAttachFilter(int, int, []BPFInstruction) error { return errNoSockets }
