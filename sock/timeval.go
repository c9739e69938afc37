package sock

import (
	"encoding/binary"
	"math"
	"time"
)

// The times of C have a length that depends on the system and the processor: <sys/time.h>,
// <time.h>.
//
//	struct timeval  { time_t tv_sec; suseconds_t tv_usec; };
//	struct timespec { time_t tv_sec; long tv_nsec; };
//
//	 8 bytes: 32 and 32 bits    Linux and FreeBSD on processors of 32 bits
//	12 bytes: 64 and 32 bits    NetBSD and OpenBSD on 386
//	16 bytes: 64 and 64 bits    processors of 64 bits, and the BSDs on arm
//
// In 16 bytes the fraction may have 32 bits with padding behind it, on little-endian machines. Then
// it is the low half of a word of 64 bits.

// putTimeval writes d, rounded up to microseconds. b has the length of a struct timeval. It returns
// false if the seconds do not fit. d must not be negative.
func putTimeval(b []byte, d time.Duration) bool {
	us := int64(d / time.Microsecond)
	if d%time.Microsecond > 0 {
		us++
	}
	e := binary.NativeEndian
	switch len(b) {
	case 8:
		if us/1e6 > math.MaxInt32 {
			return false
		}
		e.PutUint32(b, uint32(us/1e6))
		e.PutUint32(b[4:], uint32(us%1e6))
	case 12:
		e.PutUint64(b, uint64(us/1e6))
		e.PutUint32(b[8:], uint32(us%1e6))
	default:
		e.PutUint64(b, uint64(us/1e6))
		e.PutUint64(b[8:], uint64(us%1e6))
	}
	return true
}

// secondsAndFraction reads a struct timeval or timespec of 8, 12 or 16 bytes.
func secondsAndFraction(b []byte) (sec int64, fraction int32) {
	e := binary.NativeEndian
	switch len(b) {
	case 8:
		return int64(int32(e.Uint32(b))), int32(e.Uint32(b[4:]))
	case 12:
		return int64(e.Uint64(b)), int32(e.Uint32(b[8:]))
	}
	return int64(e.Uint64(b)), int32(e.Uint64(b[8:]))
}
