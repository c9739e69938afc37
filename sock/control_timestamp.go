package sock

import (
	"encoding/binary"
	"time"
)

// When a packet came or went. A time is that of the host's clock (CLOCK_REALTIME), or of the card's
// where that is said.
//
//	struct timeval  { time_t tv_sec; suseconds_t tv_usec; };    <sys/time.h>: 16 bytes, 8 where time_t has 32 bits
//	struct timespec { time_t tv_sec; long tv_nsec; };           <time.h>: likewise
//
// A program of 32 bits that set SO_TIMESTAMP gets 32 bits of seconds, which end in 2038; with
// SO_TIMESTAMP_NEW it gets 64, as every other.

// Timestamp reads an item of the type SCM_TIMESTAMP (after SO_TIMESTAMP: microseconds) or
// SCM_TIMESTAMPNS (after SO_TIMESTAMPNS: nanoseconds; FreeBSD's SCM_REALTIME), old or new: when the
// packet came. socket(7).
func (c Control) Timestamp() (time.Time, bool) {
	switch {
	case c.is(SOL_SOCKET, numbers.timeval), c.is(SOL_SOCKET, numbers.timevalNew):
		return decodeTime(c.Data, time.Microsecond)
	case c.is(SOL_SOCKET, numbers.timespec), c.is(SOL_SOCKET, numbers.timespecNew):
		return decodeTime(c.Data, time.Nanosecond)
	}
	return time.Time{}, false
}

// decodeTime reads a struct timeval or timespec. That of macOS has 32 bits of microseconds and
// padding behind, which are the low half.
func decodeTime(b []byte, unit time.Duration) (time.Time, bool) {
	e := binary.NativeEndian
	var sec int64
	var fraction int32
	switch len(b) {
	case 8:
		sec, fraction = int64(int32(e.Uint32(b))), int32(e.Uint32(b[4:]))
	case 16:
		sec, fraction = int64(e.Uint64(b)), int32(e.Uint64(b[8:]))
	default:
		return time.Time{}, false
	}
	if fraction < 0 || time.Duration(fraction) >= time.Second/unit {
		return time.Time{}, false
	}
	return time.Unix(sec, int64(fraction)*int64(unit)), true
}

// Timestamping is when a packet came, or went, by SO_TIMESTAMPING of Linux; the zero Time is what
// was not asked for or is not known.
//
//	struct scm_timestamping { struct timespec ts[3]; };    <linux/errqueue.h>: software, one that is no more, hardware
type Timestamping struct {
	Software time.Time // by the host's clock
	Hardware time.Time // by the network card's
}

// Timestamping reads an item of the type SCM_TIMESTAMPING, old or new.
func (c Control) Timestamping() (Timestamping, bool) {
	if !c.is(SOL_SOCKET, numbers.stamping) && !c.is(SOL_SOCKET, numbers.stampingNew) || len(c.Data)%3 != 0 {
		return Timestamping{}, false
	}
	n := len(c.Data) / 3
	software, ok1 := decodeTime(c.Data[:n], time.Nanosecond)
	hardware, ok2 := decodeTime(c.Data[2*n:], time.Nanosecond)
	if !ok1 || !ok2 {
		return Timestamping{}, false
	}
	return Timestamping{known(software), known(hardware)}, true
}

// known is t, unless it is the 0 of what is not known.
func known(t time.Time) time.Time {
	if t.UnixNano() == 0 {
		return time.Time{}
	}
	return t
}

// TxTime is when a packet is to go: nanoseconds of the clock that SO_TXTIME has named, on Linux.
// Data: a __u64. tc-etf(8).
type TxTime uint64

// Control is the item that sendmsg(2) takes: SCM_TXTIME.
func (t TxTime) Control() Control {
	return Control{SOL_SOCKET, numbers.txtime, binary.NativeEndian.AppendUint64(nil, uint64(t))}
}

// TxTime reads an item of the type SCM_TXTIME.
func (c Control) TxTime() (TxTime, bool) {
	if !c.is(SOL_SOCKET, numbers.txtime) || len(c.Data) != 8 {
		return 0, false
	}
	return TxTime(binary.NativeEndian.Uint64(c.Data)), true
}
