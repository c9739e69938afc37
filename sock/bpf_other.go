//go:build !linux

package sock

const (
	soDetachFilter = 0
	soLockFilter   = 0
)

func sysAttachFilter(int, []BPFInstruction) error { return errNoSockets }
