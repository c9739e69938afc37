//go:build !linux && !windows

package sock

import (
	"encoding/binary"
	"math"
)

// struct cmsghdr of <sys/socket.h> on the BSDs: { socklen_t cmsg_len; int cmsg_level; int
// cmsg_type; }
const (
	controlAlign  = 4
	controlHeader = 12
)

func putControlHeader(b []byte, n, level, typ int) {
	binary.NativeEndian.PutUint32(b, uint32(n))
	binary.NativeEndian.PutUint32(b[4:], uint32(level))
	binary.NativeEndian.PutUint32(b[8:], uint32(typ))
}

// controlHeaderOf reads a header that is all there. A length beyond int is as good as the longest.
func controlHeaderOf(b []byte) (n, level, typ int) {
	return int(min(binary.NativeEndian.Uint32(b), math.MaxInt32)), int(int32(binary.NativeEndian.Uint32(b[4:]))),
		int(int32(binary.NativeEndian.Uint32(b[8:])))
}
