package sock

import (
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

const solRDS = SOL_RDS

// RDSInfo reads a table of RDS, RDS_INFO_*: its entries, each a structure of <linux/rds.h>.
//
// Errors: ENOPROTOOPT for a table that is not there, and for a socket that is not of AF_RDS. Linux only.
func (s *Socket) RDSInfo(table int) (entries [][]byte, err error) {
	err = s.do("getsockopt", func(sysfd int) error {
		// The result of getsockopt is the length of an entry, and ENOSPC says that the room is too small, and how much is needed.
		for room := uint32(4096); ; {
			p, n := make([]byte, room), room
			each, _, errno := unix.Syscall6(unix.SYS_GETSOCKOPT, uintptr(sysfd), SOL_RDS, uintptr(table), uintptr(unsafe.Pointer(&p[0])),
				uintptr(unsafe.Pointer(&n)), 0)
			switch {
			case errno == syscall.ENOSPC && room < rdsMost:
				room = min(max(2*room, n), rdsMost)
				continue
			case errno != 0:
				return sysError(errno)
			}
			size := int(each)
			for p = p[:min(n, room)]; size > 0 && len(p) >= size; p = p[size:] {
				entries = append(entries, p[:size:size])
			}
			return nil
		}
	})
	return entries, err
}

// rdsMost is the most room that a table gets.
const rdsMost = 64 << 20
