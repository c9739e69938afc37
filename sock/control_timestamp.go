package sock

import (
	"encoding/binary"
	"time"
)

// The time when a packet was received or sent. It is a time of the host's clock (CLOCK_REALTIME),
// or of the network card's clock where the comment says so.
//
//	struct timeval  { time_t tv_sec; suseconds_t tv_usec; };    <sys/time.h>, see timeval.go
//	struct timespec { time_t tv_sec; long tv_nsec; };           <time.h>
//
// A 32-bit program that sets SO_TIMESTAMP gets 32 bits of seconds, which end in 2038. With
// SO_TIMESTAMP_NEW it gets 64 bits, like a 64-bit program.

// Timestamp reads the time when the packet arrived: an item of the type SCM_TIMESTAMP (after
// SO_TIMESTAMP: microseconds) or SCM_TIMESTAMPNS (after SO_TIMESTAMPNS: nanoseconds; FreeBSD's
// SCM_REALTIME), old or new. socket(7).
func (c Control) Timestamp() (time.Time, bool) {
	switch {
	case c.is(SOL_SOCKET, numbers.timeval), c.is(SOL_SOCKET, numbers.timevalNew):
		return decodeTime(c.Data, time.Microsecond)
	case c.is(SOL_SOCKET, numbers.timespec), c.is(SOL_SOCKET, numbers.timespecNew):
		return decodeTime(c.Data, time.Nanosecond)
	}
	return time.Time{}, false
}

// decodeTime reads a struct timeval or timespec. unit is that of the fraction.
func decodeTime(b []byte, unit time.Duration) (time.Time, bool) {
	if len(b) != 8 && len(b) != 12 && len(b) != 16 {
		return time.Time{}, false
	}
	sec, fraction := secondsAndFraction(b)
	if fraction < 0 || time.Duration(fraction) >= time.Second/unit {
		return time.Time{}, false
	}
	return time.Unix(sec, int64(fraction)*int64(unit)), true
}

// Timestamping holds the times when a packet was received or sent, by SO_TIMESTAMPING of Linux. A
// time is zero if the program did not ask for it or the system does not know it.
//
//	struct scm_timestamping { struct timespec ts[3]; };    <linux/errqueue.h>: software, one that is no more, hardware
type Timestamping struct {
	Software time.Time // by the clock of the host
	Hardware time.Time // by the clock of the network card
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

// known returns t, or the zero Time if t is 0 and so unknown.
func known(t time.Time) time.Time {
	if t.UnixNano() == 0 {
		return time.Time{}
	}
	return t
}

// TxTime is the time at which a packet should be sent, in nanoseconds of the clock that SO_TXTIME
// names, on Linux. Data: a __u64. tc-etf(8).
type TxTime uint64

// Control returns the SCM_TXTIME item for sendmsg(2).
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
