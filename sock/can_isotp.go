package sock

import (
	"encoding/binary"
	"math"
	"time"
)

// Options of a CAN_ISOTP socket: <linux/can/isotp.h>. All are set before it is bound: later they are EISCONN.
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
	CAN_ISOTP_EXTEND_ADDR   = 0x0002 // ExtAddress counts
	CAN_ISOTP_TX_PADDING    = 0x0004 // TxPad counts: frames are filled up
	CAN_ISOTP_RX_PADDING    = 0x0008 // RxPad counts
	CAN_ISOTP_CHK_PAD_LEN   = 0x0010 // frames must be filled up
	CAN_ISOTP_CHK_PAD_DATA  = 0x0020 // and with RxPad
	CAN_ISOTP_HALF_DUPLEX   = 0x0040
	CAN_ISOTP_FORCE_TXSTMIN = 0x0080 // SetISOTPTxSTmin counts, not what the peer says
	CAN_ISOTP_FORCE_RXSTMIN = 0x0100 // SetISOTPRxSTmin counts: frames that come sooner are dropped
	CAN_ISOTP_RX_EXT_ADDR   = 0x0200 // RxExtAddress counts
	CAN_ISOTP_WAIT_TX_DONE  = 0x0400 // a send ends when all frames have gone: see ISOTPOptions
	CAN_ISOTP_SF_BROADCAST  = 0x0800 // to many at once, single frames only (Linux 5.11)
	CAN_ISOTP_CF_BROADCAST  = 0x1000 // to many at once, without flow control (Linux 6.0)
	CAN_ISOTP_DYN_FC_PARMS  = 0x2000 // take the peer's flow control anew each time (Linux 6.5)
)

// ISOTPOptions are the value of CAN_ISOTP_OPTS: struct can_isotp_options of <linux/can/isotp.h>.
//
// CAN_ISOTP_WAIT_TX_DONE makes send(2) block in the kernel until the last frame has gone; as a socket here never blocks in the
// kernel it has no use, but for the errors that a later call then reports.
type ISOTPOptions struct {
	Flags uint32 // CAN_ISOTP_*

	// FrameTxTime is the time from one frame to the next when many are sent (N_As), to the nanosecond, less than 4.29 s. 0 leaves
	// it as it is, 50 µs in a new socket; a negative one is no time at all.
	FrameTxTime time.Duration

	ExtAddress   uint8 // the first byte of each frame, in sending and, without RxExtAddress, in receiving
	TxPad, RxPad uint8 // what fills a frame up: 0xcc in a new socket
	RxExtAddress uint8 // the first byte in receiving
}

// isotpNoTxTime is CAN_ISOTP_FRAME_TXTIME_ZERO.
const isotpNoTxTime = math.MaxUint32

// Append appends the structure to b.
//
// Error: an *ArgError for a FrameTxTime that is too long.
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
			return b, &ArgError{"FrameTxTime", o.FrameTxTime, "must be less than 4.294967295s"}
		}
		txTime = uint32(o.FrameTxTime)
	}
	b = binary.NativeEndian.AppendUint32(b, o.Flags)
	b = binary.NativeEndian.AppendUint32(b, txTime)
	return append(b, o.ExtAddress, o.TxPad, o.RxPad, o.RxExtAddress), nil
}

// DecodeISOTPOptions reads the structure.
//
// Error: an *ArgError for fewer bytes.
func DecodeISOTPOptions(b []byte) (o ISOTPOptions, err error) {
	if len(b) < 12 {
		return o, &ArgError{"options", len(b), "struct can_isotp_options has 12 bytes"}
	}
	o = ISOTPOptions{binary.NativeEndian.Uint32(b), time.Duration(binary.NativeEndian.Uint32(b[4:])), b[8], b[9], b[10], b[11]}
	if o.FrameTxTime == isotpNoTxTime {
		o.FrameTxTime = -1
	}
	return o, nil
}

// ISOTPFlowControl is what the socket asks of a peer that sends many frames, the value of CAN_ISOTP_RECV_FC: struct
// can_isotp_fc_options of <linux/can/isotp.h>.
type ISOTPFlowControl struct {
	BlockSize uint8 // frames until the next flow control; 0: all at once
	STmin     uint8 // the least time from one frame to the next, as ISOTPSTmin has it
	WaitMax   uint8 // how often it may say "wait"
}

// ISOTPSTmin is a separation time as ISO 15765-2 writes it: 0 to 127 ms in milliseconds, below one also 100 to 900 µs in steps of
// 100. A time in between is rounded up.
//
// Error: an *ArgError for a negative time or one beyond 127 ms.
func ISOTPSTmin(d time.Duration) (uint8, error) {
	const step = 100 * time.Microsecond
	switch ms := (d + time.Millisecond - 1) / time.Millisecond; {
	case d < 0 || ms > 0x7f:
		return 0, &ArgError{"STmin", d, "must be 0-127ms"}
	case d > 0 && d <= 9*step:
		return 0xf0 + uint8((d+step-1)/step), nil
	default:
		return uint8(ms), nil
	}
}

// Separation is STmin as a time. The reserved values are the longest, 127 ms.
func (o ISOTPFlowControl) Separation() time.Duration {
	switch {
	case o.STmin <= 0x7f:
		return time.Duration(o.STmin) * time.Millisecond
	case o.STmin > 0xf0 && o.STmin <= 0xf9:
		return time.Duration(o.STmin-0xf0) * 100 * time.Microsecond
	}
	return 0x7f * time.Millisecond
}

// ISOTPLinkLayer says which frames carry the messages, the value of CAN_ISOTP_LL_OPTS: struct can_isotp_ll_options of
// <linux/can/isotp.h>.
type ISOTPLinkLayer struct {
	MTU     uint8 // CAN_MTU, as in a new socket, or CANFD_MTU
	TxDL    uint8 // the most data in a frame that is sent: 8, 12, 16, 20, 24, 32, 48 or 64
	TxFlags uint8 // of the FD frames: CANFD_BRS
}

// SetISOTPOptions sets CAN_ISOTP_OPTS.
//
// Errors: an *ArgError for a FrameTxTime that is too long; EISCONN once the socket is bound; errors.ErrUnsupported, but on Linux.
func (s *Socket) SetISOTPOptions(o ISOTPOptions) error {
	b, err := o.Append(nil)
	if err != nil {
		return s.fail("setsockopt", Addr{}, err)
	}
	return s.setLinuxOption("CAN_ISOTP_OPTS", SOL_CAN_ISOTP, CAN_ISOTP_OPTS, b)
}

// ISOTPOptions gets CAN_ISOTP_OPTS.
//
// Errors: errors.ErrUnsupported, but on Linux.
func (s *Socket) ISOTPOptions() (ISOTPOptions, error) {
	b, err := s.linuxOption("CAN_ISOTP_OPTS", SOL_CAN_ISOTP, CAN_ISOTP_OPTS, make([]byte, 12))
	if err != nil {
		return ISOTPOptions{}, err
	}
	o, err := DecodeISOTPOptions(b)
	return o, s.fail("getsockopt", Addr{}, err)
}

// SetISOTPFlowControl sets CAN_ISOTP_RECV_FC.
//
// Errors: EISCONN once the socket is bound; errors.ErrUnsupported, but on Linux.
func (s *Socket) SetISOTPFlowControl(o ISOTPFlowControl) error {
	return s.setLinuxOption("CAN_ISOTP_RECV_FC", SOL_CAN_ISOTP, CAN_ISOTP_RECV_FC, []byte{o.BlockSize, o.STmin, o.WaitMax})
}

// ISOTPFlowControl gets CAN_ISOTP_RECV_FC.
//
// Errors: errors.ErrUnsupported, but on Linux.
func (s *Socket) ISOTPFlowControl() (o ISOTPFlowControl, err error) {
	b, err := s.linuxOption("CAN_ISOTP_RECV_FC", SOL_CAN_ISOTP, CAN_ISOTP_RECV_FC, make([]byte, 3))
	if err == nil && len(b) == 3 {
		o = ISOTPFlowControl{b[0], b[1], b[2]}
	}
	return o, err
}

// SetISOTPLinkLayer sets CAN_ISOTP_LL_OPTS.
//
// Errors: EINVAL for a TxDL or MTU that is none of those; EISCONN once the socket is bound; errors.ErrUnsupported, but on Linux.
func (s *Socket) SetISOTPLinkLayer(o ISOTPLinkLayer) error {
	return s.setLinuxOption("CAN_ISOTP_LL_OPTS", SOL_CAN_ISOTP, CAN_ISOTP_LL_OPTS, []byte{o.MTU, o.TxDL, o.TxFlags})
}

// ISOTPLinkLayer gets CAN_ISOTP_LL_OPTS.
//
// Errors: errors.ErrUnsupported, but on Linux.
func (s *Socket) ISOTPLinkLayer() (o ISOTPLinkLayer, err error) {
	b, err := s.linuxOption("CAN_ISOTP_LL_OPTS", SOL_CAN_ISOTP, CAN_ISOTP_LL_OPTS, make([]byte, 3))
	if err == nil && len(b) == 3 {
		o = ISOTPLinkLayer{b[0], b[1], b[2]}
	}
	return o, err
}

// SetISOTPTxSTmin sets CAN_ISOTP_TX_STMIN: with CAN_ISOTP_FORCE_TXSTMIN, the time from one frame that is sent to the next, whatever the
// peer asks; 0 to 4.29 s, to the nanosecond.
//
// Errors: an *ArgError for another time; EISCONN once the socket is bound; errors.ErrUnsupported, but on Linux.
func (s *Socket) SetISOTPTxSTmin(d time.Duration) error {
	return s.setISOTPSTmin("CAN_ISOTP_TX_STMIN", CAN_ISOTP_TX_STMIN, d)
}

// SetISOTPRxSTmin sets CAN_ISOTP_RX_STMIN: with CAN_ISOTP_FORCE_RXSTMIN, frames that come sooner than that after the one before are
// dropped; 0 to 4.29 s, to the nanosecond.
//
// Errors: an *ArgError for another time; EISCONN once the socket is bound; errors.ErrUnsupported, but on Linux.
func (s *Socket) SetISOTPRxSTmin(d time.Duration) error {
	return s.setISOTPSTmin("CAN_ISOTP_RX_STMIN", CAN_ISOTP_RX_STMIN, d)
}

func (s *Socket) setISOTPSTmin(what string, name int, d time.Duration) error {
	if d < 0 || d > math.MaxUint32 {
		return s.fail("setsockopt", Addr{}, &ArgError{"STmin", d, "must be 0-4.294967295s"})
	}
	return s.setLinuxOption(what, SOL_CAN_ISOTP, name, binary.NativeEndian.AppendUint32(nil, uint32(d)))
}
