//go:build darwin || freebsd || netbsd || openbsd || dragonfly

package sock

import (
	"encoding/binary"
	"math"
	"runtime"
	"unsafe"
)

// struct cmsghdr of <sys/socket.h> on the BSDs: { socklen_t cmsg_len; int cmsg_level; int
// cmsg_type; }. The data begins at the next multiple of the alignment.
var (
	controlAlign  = controlAlignment(runtime.GOOS, runtime.GOARCH, int(unsafe.Sizeof(uintptr(0))))
	controlHeader = (12 + controlAlign - 1) &^ (controlAlign - 1)
)

// controlAlignment returns the alignment of CMSG_ALIGN in bytes: the size of a long, but 4 on macOS
// (__DARWIN_ALIGN32). On NetBSD and OpenBSD it is __ALIGNBYTES of <machine/cdefs.h>, which is more
// on some processors.
func controlAlignment(goos, goarch string, long int) int {
	switch {
	case goos == "darwin" || goos == "ios":
		return 4
	case goos == "netbsd" && goarch == "arm64":
		return 16
	case (goos == "netbsd" || goos == "openbsd") && goarch == "arm":
		return 8
	}
	return long
}

func putControlHeader(b []byte, n, level, typ int) {
	binary.NativeEndian.PutUint32(b, uint32(n))
	binary.NativeEndian.PutUint32(b[4:], uint32(level))
	binary.NativeEndian.PutUint32(b[8:], uint32(typ))
}

// controlHeaderOf reads a complete header. A length that does not fit into an int becomes the
// largest int.
func controlHeaderOf(b []byte) (n, level, typ int) {
	return int(min(binary.NativeEndian.Uint32(b), math.MaxInt32)), int(int32(binary.NativeEndian.Uint32(b[4:]))),
		int(int32(binary.NativeEndian.Uint32(b[8:])))
}
