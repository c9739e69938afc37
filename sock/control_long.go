//go:build linux || windows

package sock

import (
	"encoding/binary"
	"math"
	"unsafe"
)

// struct cmsghdr of <linux/socket.h>, and WSACMSGHDR of <ws2def.h>: { size_t cmsg_len; int
// cmsg_level; int cmsg_type; }
const (
	controlAlign  = int(unsafe.Sizeof(uintptr(0)))
	controlHeader = controlAlign + 8
)

func putControlHeader(b []byte, n, level, typ int) {
	if controlAlign == 8 {
		binary.NativeEndian.PutUint64(b, uint64(n))
	} else {
		binary.NativeEndian.PutUint32(b, uint32(n))
	}
	binary.NativeEndian.PutUint32(b[controlAlign:], uint32(level))
	binary.NativeEndian.PutUint32(b[controlAlign+4:], uint32(typ))
}

// controlHeaderOf reads a complete header. A length that does not fit into an int becomes the
// largest int.
func controlHeaderOf(b []byte) (n, level, typ int) {
	if controlAlign == 8 {
		n = int(min(binary.NativeEndian.Uint64(b), math.MaxInt32))
	} else {
		n = int(min(binary.NativeEndian.Uint32(b), math.MaxInt32))
	}
	level = int(int32(binary.NativeEndian.Uint32(b[controlAlign:])))
	typ = int(int32(binary.NativeEndian.Uint32(b[controlAlign+4:])))
	return n, level, typ
}
