package can

import (
	"encoding/binary"
	"math"
	"time"

	"github.com/polluxio/pollux/sock"
	"github.com/polluxio/pollux/sock/internal/linux"
)

// Options of a CAN_ISOTP socket: <linux/can/isotp.h>. Set them before Bind: later they fail with
// EISCONN.
const (
	SOL_CAN_ISOTP = 106

	CAN_ISOTP_OPTS     = 1 // SetISOTPOptions
	CAN_ISOTP_RECV_FC  = 2 // SetISOTPFlowControl
	CAN_ISOTP_TX_STMIN = 3 // SetISOTPTxSTmin
	CAN_ISOTP_RX_STMIN = 4 // SetISOTPRxSTmin
	CAN_ISOTP_LL_OPTS  = 5 // SetISOTPLinkLayer
)

// Bits of ISOTPOptions.Flags: <linux/can/isotp.h>.
const (
	CAN_ISOTP_LISTEN_MODE   = 0x0001 // receive only, and send no flow control
	CAN_ISOTP_EXTEND_ADDR   = 0x0002 // use ExtAddress
	CAN_ISOTP_TX_PADDING    = 0x0004 // fill frames up with TxPad
	CAN_ISOTP_RX_PADDING    = 0x0008 // received frames are filled up with RxPad
	CAN_ISOTP_CHK_PAD_LEN   = 0x0010 // drop frames that are not filled up
	CAN_ISOTP_CHK_PAD_DATA  = 0x0020 // drop frames that are not filled up with RxPad
	CAN_ISOTP_HALF_DUPLEX   = 0x0040
	CAN_ISOTP_FORCE_TXSTMIN = 0x0080 // use the time of SetISOTPTxSTmin, not the peer's
	CAN_ISOTP_FORCE_RXSTMIN = 0x0100 // drop frames that come sooner than SetISOTPRxSTmin says
	CAN_ISOTP_RX_EXT_ADDR   = 0x0200 // use RxExtAddress
	CAN_ISOTP_WAIT_TX_DONE  = 0x0400 // a send ends when all frames have gone: see ISOTPOptions
	CAN_ISOTP_SF_BROADCAST  = 0x0800 // one sender, many receivers; single frames only (Linux 5.11)
	CAN_ISOTP_CF_BROADCAST  = 0x1000 // one sender, many receivers; without flow control (Linux 6.0)
	// Read every flow control frame of the peer, not only the first (Linux 6.5).
	CAN_ISOTP_DYN_FC_PARMS = 0x2000
)

// ISOTPOptions is the value of CAN_ISOTP_OPTS: struct can_isotp_options of <linux/can/isotp.h>.
//
// CAN_ISOTP_WAIT_TX_DONE makes send(2) block in the kernel until the last frame is sent. The
// descriptor of a sock.Socket never blocks. So the flag only makes a later call report the error of
// an earlier send.
type ISOTPOptions struct {
	Flags uint32 // CAN_ISOTP_*

	// FrameTxTime is the time from one frame of a message to the next (N_As), to the nanosecond,
	// less than 4.29 s. 0 leaves the time unchanged, which is 50 µs in a new socket. Negative sets
	// the time to 0.
	FrameTxTime time.Duration

	// The first byte of each frame that is sent; of received frames too, unless RxExtAddress is
	// used.
	ExtAddress   uint8
	TxPad, RxPad uint8 // the bytes that fill frames up: 0xcc in a new socket
	RxExtAddress uint8 // the first byte of each received frame
}

// isotpNoTxTime is CAN_ISOTP_FRAME_TXTIME_ZERO.
const isotpNoTxTime = math.MaxUint32

// Append appends the structure to b.
//
// Error: a *sock.ArgError for a FrameTxTime that is too long.
func (o ISOTPOptions) Append(b []byte) ([]byte, error) {
	// struct can_isotp_options {
	//     0 __u32 flags;
	//     4 __u32 frame_txtime;
	//     8 __u8 ext_address;
	//     9 __u8 txpad_content;
	//    10 __u8 rxpad_content;
	//    11 __u8 rx_ext_address;
	// };
	txTime := uint32(isotpNoTxTime)
	if o.FrameTxTime >= 0 {
		if o.FrameTxTime >= isotpNoTxTime {
			return b, &sock.ArgError{Kind: sock.ArgRange, Arg: "FrameTxTime", Value: o.FrameTxTime, Rule: "must be less than 4.294967295s"}
		}
		txTime = uint32(o.FrameTxTime)
	}
	b = binary.NativeEndian.AppendUint32(b, o.Flags)
	b = binary.NativeEndian.AppendUint32(b, txTime)
	return append(b, o.ExtAddress, o.TxPad, o.RxPad, o.RxExtAddress), nil
}

// DecodeISOTPOptions reads the structure.
//
// Error: a *sock.ArgError for fewer bytes.
func DecodeISOTPOptions(b []byte) (o ISOTPOptions, err error) {
	if len(b) < 12 {
		return o, &sock.ArgError{Kind: sock.ArgLength, Arg: "options", Value: len(b), Rule: "struct can_isotp_options has 12 bytes"}
	}
	o = ISOTPOptions{binary.NativeEndian.Uint32(b), time.Duration(binary.NativeEndian.Uint32(b[4:])), b[8], b[9], b[10], b[11]}
	if o.FrameTxTime == isotpNoTxTime {
		o.FrameTxTime = -1
	}
	return o, nil
}

// ISOTPFlowControl is what the socket asks of a peer that sends many frames: the value of
// CAN_ISOTP_RECV_FC, struct can_isotp_fc_options of <linux/can/isotp.h>.
type ISOTPFlowControl struct {
	BlockSize uint8 // the frames between two flow control frames; 0: all frames at once
	STmin     uint8 // the least time from one frame to the next, as ISOTPSTmin returns it
	WaitMax   uint8 // how often the receiver may answer "wait"
}

// ISOTPSTmin returns a separation time as ISO 15765-2 encodes it: 0 to 127 ms in milliseconds, or
// 100 to 900 µs in steps of 100 µs. It rounds up.
//
// Error: a *sock.ArgError for a negative time or one beyond 127 ms.
func ISOTPSTmin(d time.Duration) (uint8, error) {
	const step = 100 * time.Microsecond
	switch ms := (d + time.Millisecond - 1) / time.Millisecond; {
	case d < 0 || ms > 0x7f:
		return 0, &sock.ArgError{Kind: sock.ArgRange, Arg: "STmin", Value: d, Rule: "must be 0-127ms"}
	case d > 0 && d <= 9*step:
		return 0xf0 + uint8((d+step-1)/step), nil
	default:
		return uint8(ms), nil
	}
}

// Separation returns STmin as a time. Reserved values are the longest time, 127 ms.
func (o ISOTPFlowControl) Separation() time.Duration {
	switch {
	case o.STmin <= 0x7f:
		return time.Duration(o.STmin) * time.Millisecond
	case o.STmin > 0xf0 && o.STmin <= 0xf9:
		return time.Duration(o.STmin-0xf0) * 100 * time.Microsecond
	}
	return 0x7f * time.Millisecond
}

// ISOTPLinkLayer selects the frames that carry the messages: the value of CAN_ISOTP_LL_OPTS, struct
// can_isotp_ll_options of <linux/can/isotp.h>.
type ISOTPLinkLayer struct {
	MTU     uint8 // CAN_MTU, the default, or CANFD_MTU
	TxDL    uint8 // the most bytes of data in a frame that is sent: 8, 12, 16, 20, 24, 32, 48 or 64
	TxFlags uint8 // the flags of FD frames: CANFD_BRS
}

// SetISOTPOptions sets CAN_ISOTP_OPTS.
//
// Errors: a *sock.ArgError for a FrameTxTime that is too long; EISCONN once the socket is bound;
// errors.ErrUnsupported on a system other than Linux.
func SetISOTPOptions(s *sock.Socket, o ISOTPOptions) error {
	b, err := o.Append(nil)
	if err != nil {
		return s.OpError("setsockopt", sock.Addr{}, err)
	}
	return linux.SetOption(s, "CAN_ISOTP_OPTS", SOL_CAN_ISOTP, CAN_ISOTP_OPTS, b)
}

// GetISOTPOptions gets CAN_ISOTP_OPTS.
//
// Errors: errors.ErrUnsupported on a system other than Linux.
func GetISOTPOptions(s *sock.Socket) (ISOTPOptions, error) {
	var b [12]byte
	if err := linux.Exactly(s, "CAN_ISOTP_OPTS", SOL_CAN_ISOTP, CAN_ISOTP_OPTS, b[:]); err != nil {
		return ISOTPOptions{}, err
	}
	o, err := DecodeISOTPOptions(b[:])
	return o, s.OpError("getsockopt", sock.Addr{}, err)
}

// SetISOTPFlowControl sets CAN_ISOTP_RECV_FC.
//
// Errors: EISCONN once the socket is bound; errors.ErrUnsupported on a system other than Linux.
func SetISOTPFlowControl(s *sock.Socket, o ISOTPFlowControl) error {
	return linux.SetOption(s, "CAN_ISOTP_RECV_FC", SOL_CAN_ISOTP, CAN_ISOTP_RECV_FC, []byte{o.BlockSize, o.STmin, o.WaitMax})
}

// GetISOTPFlowControl gets CAN_ISOTP_RECV_FC.
//
// Errors: errors.ErrUnsupported on a system other than Linux.
func GetISOTPFlowControl(s *sock.Socket) (o ISOTPFlowControl, err error) {
	var b [3]byte
	err = linux.Exactly(s, "CAN_ISOTP_RECV_FC", SOL_CAN_ISOTP, CAN_ISOTP_RECV_FC, b[:])
	return ISOTPFlowControl{b[0], b[1], b[2]}, err
}

// SetISOTPLinkLayer sets CAN_ISOTP_LL_OPTS.
//
// Errors: EINVAL for another TxDL or MTU; EISCONN once the socket is bound; errors.ErrUnsupported
// on a system other than Linux.
func SetISOTPLinkLayer(s *sock.Socket, o ISOTPLinkLayer) error {
	return linux.SetOption(s, "CAN_ISOTP_LL_OPTS", SOL_CAN_ISOTP, CAN_ISOTP_LL_OPTS, []byte{o.MTU, o.TxDL, o.TxFlags})
}

// GetISOTPLinkLayer gets CAN_ISOTP_LL_OPTS.
//
// Errors: errors.ErrUnsupported on a system other than Linux.
func GetISOTPLinkLayer(s *sock.Socket) (o ISOTPLinkLayer, err error) {
	var b [3]byte
	err = linux.Exactly(s, "CAN_ISOTP_LL_OPTS", SOL_CAN_ISOTP, CAN_ISOTP_LL_OPTS, b[:])
	return ISOTPLinkLayer{b[0], b[1], b[2]}, err
}

// SetISOTPTxSTmin sets CAN_ISOTP_TX_STMIN, for sockets with the flag CAN_ISOTP_FORCE_TXSTMIN: the
// time from one frame that is sent to the next, whatever the peer asks for. It is 0 to 4.29 s, to
// the nanosecond.
//
// Errors: a *sock.ArgError for another time; EISCONN once the socket is bound;
// errors.ErrUnsupported on a system other than Linux.
func SetISOTPTxSTmin(s *sock.Socket, d time.Duration) error {
	return setISOTPSTmin(s, "CAN_ISOTP_TX_STMIN", CAN_ISOTP_TX_STMIN, d)
}

// SetISOTPRxSTmin sets CAN_ISOTP_RX_STMIN, for sockets with the flag CAN_ISOTP_FORCE_RXSTMIN: the
// socket drops a frame that comes sooner than this after the frame before. It is 0 to 4.29 s, to
// the nanosecond.
//
// Errors: a *sock.ArgError for another time; EISCONN once the socket is bound;
// errors.ErrUnsupported on a system other than Linux.
func SetISOTPRxSTmin(s *sock.Socket, d time.Duration) error {
	return setISOTPSTmin(s, "CAN_ISOTP_RX_STMIN", CAN_ISOTP_RX_STMIN, d)
}

func setISOTPSTmin(s *sock.Socket, what string, name int, d time.Duration) error {
	if d < 0 || d > math.MaxUint32 {
		return s.OpError("setsockopt", sock.Addr{}, &sock.ArgError{Kind: sock.ArgRange, Arg: "STmin", Value: d, Rule: "must be 0-4.294967295s"})
	}
	return linux.SetOption(s, what, SOL_CAN_ISOTP, name, binary.NativeEndian.AppendUint32(nil, uint32(d)))
}
