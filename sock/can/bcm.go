package can

import (
	"encoding/binary"
	"math"
	"time"

	"github.com/polluxio/pollux/sock"
)

// A BCMMessage is one message of a CAN_BCM socket: struct bcm_msg_head of <linux/can/bcm.h> with
// the frames that follow it. First connect the socket to an interface.
//
// The layout is that of the kernel. A kernel of 64 bits does not translate for programs of 32 bits,
// so that a C program of 32 bits cannot use CAN_BCM there. A program that uses this package can.
type BCMMessage struct {
	Opcode uint32 // sent: CAN_BCM_TX_SETUP, …; received: CAN_BCM_RX_CHANGED, …
	Flags  uint32 // CAN_BCM_SETTIMER, …; CAN_BCM_CAN_FD_FRAME is set by Append if the frames are FD

	// Count is for a cyclic transmission: the frames sent at intervals of Ival1, before the
	// interval becomes Ival2.
	Count uint32

	// Ival1 and Ival2 are intervals, to the microsecond; 0 is none. With CAN_BCM_RX_SETUP a frame
	// that does not come for Ival1 makes a CAN_BCM_RX_TIMEOUT, and notices of changes are at least
	// Ival2 apart.
	Ival1, Ival2 time.Duration

	ID uint32 // of the frames, with CAN_EFF_FLAG and CAN_RTR_FLAG
	// At most 257 (256 in TX_SETUP), all classic or all FD; with RX_SETUP their Data has masks.
	Frames []Frame
}

// bcmFD is CAN_BCM_CAN_FD_FRAME, <linux/can/bcm.h>.
const bcmFD = 0x0800

// A bcmLayout has the offsets of the fields of struct bcm_msg_head.
//
//	                             of 64 bits   of 32
//	struct bcm_msg_head {
//	    __u32 opcode;                 0         0
//	    __u32 flags;                  4         4
//	    __u32 count;                  8         8
//	    struct bcm_timeval ival1;    16        12      { long tv_sec; long tv_usec; }
//	    struct bcm_timeval ival2;    32        20
//	    canid_t can_id;              48        28
//	    __u32 nframes;               52        32
//	    struct can_frame frames[];   56        40      aligned to 8
//	};
type bcmLayout struct{ long, ival1, ival2, id, nframes, size int }

var (
	bcm64 = bcmLayout{8, 16, 32, 48, 52, 56}
	bcm32 = bcmLayout{4, 12, 20, 28, 32, 40}
)

// bcmHost returns the layout of the running kernel.
func bcmHost() *bcmLayout {
	if kernelLong() == 8 {
		return &bcm64
	}
	return &bcm32
}

// Append appends the message to b, as a CAN_BCM socket sends it.
//
// Error: a *sock.ArgError for an interval that is negative or too long for a C long, for frames of
// different kinds, and for a frame that Frame.Append refuses. It then returns b unchanged.
func (m BCMMessage) Append(b []byte) ([]byte, error) { return bcmHost().append(b, m) }

// DecodeBCMMessage reads exactly the bytes that a CAN_BCM socket received. The frames' Data are
// parts of b, not copies.
//
// Error: a *sock.ArgError for bytes that are not one whole message.
func DecodeBCMMessage(b []byte) (BCMMessage, error) { return bcmHost().decode(b) }

func (l *bcmLayout) append(b []byte, m BCMMessage) ([]byte, error) {
	flags, start := m.Flags, len(b)
	if len(m.Frames) > 0 && m.Frames[0].Kind == FD {
		flags |= bcmFD
	}
	b = append(b, make([]byte, l.size)...)
	h := b[start:]
	binary.NativeEndian.PutUint32(h, m.Opcode)
	binary.NativeEndian.PutUint32(h[4:], flags)
	binary.NativeEndian.PutUint32(h[8:], m.Count)
	if err := l.putTime(h[l.ival1:], m.Ival1); err != nil {
		return b[:start], err
	}
	if err := l.putTime(h[l.ival2:], m.Ival2); err != nil {
		return b[:start], err
	}
	binary.NativeEndian.PutUint32(h[l.id:], m.ID)
	binary.NativeEndian.PutUint32(h[l.nframes:], uint32(len(m.Frames)))
	kind := Classic
	if flags&bcmFD != 0 {
		kind = FD
	}
	for _, f := range m.Frames {
		if f.Kind != kind {
			return b[:start], &sock.ArgError{Kind: sock.ArgConflict, Arg: "Frames", Value: f.Kind, Rule: "the frames of a BCM message are all classic, or all FD with CAN_BCM_CAN_FD_FRAME"}
		}
		var err error
		if b, err = f.Append(b); err != nil {
			return b[:start], err
		}
	}
	return b, nil
}

// putTime writes a struct bcm_timeval.
func (l *bcmLayout) putTime(b []byte, d time.Duration) error {
	sec := int64(d / time.Second)
	if d < 0 || l.long == 4 && sec > math.MaxInt32 {
		return &sock.ArgError{Kind: sock.ArgRange, Arg: "interval", Value: d, Rule: "must be 0 or more seconds, in a C long"}
	}
	l.putLong(b, sec)
	l.putLong(b[l.long:], int64(d%time.Second/time.Microsecond))
	return nil
}

func (l *bcmLayout) putLong(b []byte, v int64) {
	if l.long == 8 {
		binary.NativeEndian.PutUint64(b, uint64(v))
		return
	}
	binary.NativeEndian.PutUint32(b, uint32(v))
}

func (l *bcmLayout) longOf(b []byte) int64 {
	if l.long == 8 {
		return int64(binary.NativeEndian.Uint64(b))
	}
	return int64(int32(binary.NativeEndian.Uint32(b)))
}

// timeOf reads a struct bcm_timeval. ok is false if it is negative, or beyond a time.Duration: the
// kernel sends no such time.
func (l *bcmLayout) timeOf(b []byte) (time.Duration, bool) {
	sec, usec := l.longOf(b), l.longOf(b[l.long:])
	if sec < 0 || sec >= math.MaxInt64/int64(time.Second) || usec < 0 || usec >= 1e6 {
		return 0, false
	}
	return time.Duration(sec)*time.Second + time.Duration(usec)*time.Microsecond, true
}

func (l *bcmLayout) decode(b []byte) (m BCMMessage, err error) {
	if len(b) < l.size {
		return m, &sock.ArgError{Kind: sock.ArgLength, Arg: "message", Value: len(b), Rule: "a BCM message has a head"}
	}
	m.Opcode, m.Flags = binary.NativeEndian.Uint32(b), binary.NativeEndian.Uint32(b[4:])
	m.Count = binary.NativeEndian.Uint32(b[8:])
	m.ID = binary.NativeEndian.Uint32(b[l.id:])
	var ok1, ok2 bool
	m.Ival1, ok1 = l.timeOf(b[l.ival1:])
	m.Ival2, ok2 = l.timeOf(b[l.ival2:])
	if !ok1 || !ok2 {
		return BCMMessage{}, &sock.ArgError{Kind: sock.ArgRange, Arg: "message", Value: "interval", Rule: "an interval of a BCM message must be a valid time within a time.Duration"}
	}
	size := CAN_MTU
	if m.Flags&bcmFD != 0 {
		size = CANFD_MTU
	}
	n := binary.NativeEndian.Uint32(b[l.nframes:])
	b = b[l.size:]
	if uint64(n)*uint64(size) != uint64(len(b)) {
		return BCMMessage{}, &sock.ArgError{Kind: sock.ArgLength, Arg: "message", Value: len(b), Rule: "the number of frames of a BCM message is wrong"}
	}
	for ; len(b) > 0; b = b[size:] {
		f, err := DecodeFrame(b[:size:size])
		if err != nil {
			return BCMMessage{}, err
		}
		m.Frames = append(m.Frames, f)
	}
	return m, nil
}
