// Package can extends sockets of AF_CAN: frames and their text, error frames, filters, and the
// structures and options of CAN_BCM, CAN_ISOTP and CAN_J1939.
//
//	s, err := sock.New(sock.AF_CAN, sock.SOCK_RAW, sock.CAN_RAW)
//	err = s.Bind(sock.CAN("can0"))
//	err = can.SetFilters(s, can.Filter{ID: 0x100, Mask: 0x700})
//	p, err := can.Frame{ID: 0x123, Data: []byte{0xde, 0xad}}.Append(nil)
//	_, err = s.Send(p, 0)
//	n, err := s.RecvInto(buf, 0)
//	f, err := can.DecodeFrame(buf[:n])
//
// Frames, messages and filters are encoded and decoded on every system. Functions that ask the
// kernel return errors.ErrUnsupported on a system other than Linux.
package can

import (
	"encoding/binary"
	"fmt"
	"math/bits"

	"github.com/polluxio/pollux/sock"
)

// Kind is the format of a CAN frame.
type Kind uint8

const (
	Classic Kind = iota // struct can_frame: at most 8 bytes
	FD                  // struct canfd_frame: at most 64 bytes; needs the option CAN_RAW_FD_FRAMES
	// Struct canxl_frame: 1 to 2048 bytes; needs the option CAN_RAW_XL_FRAMES (Linux 6.1).
	XL
)

// String returns "classic", "FD" or "XL".
func (k Kind) String() string {
	switch k {
	case Classic:
		return "classic"
	case FD:
		return "FD"
	case XL:
		return "XL"
	}
	return "unknown"
}

// Bits of Frame.Flags, and the place of an XL frame's network in Frame.ID: <linux/can.h>.
const (
	CANFD_BRS = 0x01 // FD: the data has the second, higher bit rate
	CANFD_ESI = 0x02 // FD: the sender is in the state "error passive"
	CANFD_FDF = 0x04 // FD: the frame is one; Append sets it from Frame.Kind

	CANXL_SEC = 0x01 // XL: simple extended content
	CANXL_RRS = 0x02 // XL: remote request substitution (Linux 6.14)
	CANXL_XLF = 0x80 // XL: the frame is one; Append sets it from Frame.Kind

	CANXL_VCID_OFFSET = 16 // XL: the virtual network is the 8 bits of Frame.ID from this one on
)

// Sizes of the structures in bytes, which are also the MTU of an interface: <linux/can.h>.
const (
	CAN_MTU      = 16   // struct can_frame
	CANFD_MTU    = 72   // struct canfd_frame
	CANXL_MTU    = 2060 // struct canxl_frame; a shorter frame is sent without the rest
	xlHeader     = 12   // CANXL_HDR_SIZE
	maxData      = 8    // CAN_MAX_DLEN
	fdMaxData    = 64   // CANFD_MAX_DLEN
	xlMaxData    = 2048 // CANXL_MAX_DLEN
	priorityMask = 0x7ff
	vcidMask     = 0xff << CANXL_VCID_OFFSET
)

// The bits of can_id, <linux/can.h>. They are here because package sock has them on Linux only.
const (
	extendedFlag = 0x80000000 // CAN_EFF_FLAG
	remoteFlag   = 0x40000000 // CAN_RTR_FLAG
	errorFlag    = 0x20000000 // CAN_ERR_FLAG
	standardMask = 0x7ff      // CAN_SFF_MASK
	idMask       = 0x1fffffff // CAN_EFF_MASK, CAN_ERR_MASK
	flagsOfID    = extendedFlag | remoteFlag | errorFlag
)

// A Frame is one message of a CAN_RAW socket: struct can_frame, canfd_frame or canxl_frame of
// <linux/can.h>.
//
//	p, err := can.Frame{ID: 0x123, Data: []byte{0xde, 0xad}}.Append(nil)
//	_, err = s.Send(p, 0)
//
//	n, err := s.RecvInto(buf[:], 0) // CANXL_MTU bytes hold any frame
//	f, err := can.DecodeFrame(buf[:n])
//
// A send fails with ENOBUFS if the queue of the interface is full. The kernel makes no event when
// the queue drains: try again after a while.
type Frame struct {
	// ID is the identifier: 11 bits, or 29 bits with CAN_EFF_FLAG. CAN_RTR_FLAG asks for data.
	// CAN_ERR_FLAG makes it an error frame, whose other bits are the error's class (see
	// ErrorFrame). The ID of an XL frame is the priority, 11 bits, and the virtual network, 8 bits
	// at CANXL_VCID_OFFSET; SetNetwork says whether the network counts.
	ID   uint32
	Kind Kind

	// Flags are CANFD_BRS and CANFD_ESI, or CANXL_SEC and CANXL_RRS. The flags that the Kind
	// implies, CANFD_FDF and CANXL_XLF, are not among them.
	Flags uint8

	// Len8DLC is the data length code of a classic frame with 8 bytes of data and a code of 9 to
	// 15, and else 0. A controller reports it only if it is configured so.
	Len8DLC uint8

	SDT uint8  // XL: the type of the service data unit
	AF  uint32 // XL: the acceptance field

	// Data has the bytes. A remote frame carries none: it asks for len(Data) bytes, and their
	// values do not count.
	Data []byte
}

// IsExtended reports whether the identifier has 29 bits.
func (f Frame) IsExtended() bool { return f.Kind != XL && f.ID&extendedFlag != 0 }

// IsRemote reports whether f is a remote frame, which asks for data.
func (f Frame) IsRemote() bool { return f.Kind == Classic && f.ID&remoteFlag != 0 }

// IsError reports whether f is an error frame, which the kernel makes.
func (f Frame) IsError() bool { return f.Kind == Classic && f.ID&errorFlag != 0 }

// Identifier returns the ID without the flags and the virtual network.
func (f Frame) Identifier() uint32 {
	switch {
	case f.Kind == XL:
		return f.ID & priorityMask
	case f.ID&(extendedFlag|errorFlag) != 0:
		return f.ID & idMask
	}
	return f.ID & standardMask
}

// DLC returns the data length code on the wire (ISO 11898-1). For an FD frame of a length without a
// code it is the code of the next longer one. For an XL frame it is the length less 1.
func (f Frame) DLC() int {
	switch {
	case f.Kind == XL:
		return len(f.Data) - 1
	case f.Kind == Classic && f.Len8DLC != 0:
		return int(f.Len8DLC)
	}
	for dlc, n := range fdLengths {
		if n >= len(f.Data) {
			return dlc
		}
	}
	return len(fdLengths) - 1
}

var fdLengths = [16]int{0, 1, 2, 3, 4, 5, 6, 7, 8, 12, 16, 20, 24, 32, 48, 64}

// FDLen returns the bytes of an FD frame with a data length code: 0 to 8, 12, 16, 20, 24, 32, 48 or
// 64. Only the low four bits of dlc count.
func FDLen(dlc int) int { return fdLengths[dlc&15] }

// check returns an error if f cannot be sent.
func (f Frame) check() error {
	most := maxData
	switch f.Kind {
	case Classic:
		if f.Flags != 0 {
			return &sock.ArgError{Kind: sock.ArgConflict, Arg: "Flags", Value: f.Flags, Rule: "a classic CAN frame has no flags"}
		}
		if f.Len8DLC != 0 && (f.Len8DLC < 9 || f.Len8DLC > 15 || len(f.Data) != maxData) {
			return &sock.ArgError{Kind: sock.ArgRange, Arg: "Len8DLC", Value: f.Len8DLC, Rule: "must be 9-15, with 8 bytes of data, or 0"}
		}
		if f.ID&errorFlag != 0 && f.ID&(extendedFlag|remoteFlag) != 0 {
			return &sock.ArgError{Kind: sock.ArgConflict, Arg: "ID", Value: f.ID, Rule: "an error frame is neither an extended nor a remote frame"}
		}
	case FD:
		most = fdMaxData
		if f.ID&(remoteFlag|errorFlag) != 0 {
			return &sock.ArgError{Kind: sock.ArgConflict, Arg: "ID", Value: f.ID, Rule: "a CAN FD frame is neither a remote nor an error frame"}
		}
		if f.Flags&^(CANFD_BRS|CANFD_ESI|CANFD_FDF) != 0 {
			return &sock.ArgError{Kind: sock.ArgConflict, Arg: "Flags", Value: f.Flags, Rule: "a CAN FD frame has the flags CANFD_BRS and CANFD_ESI"}
		}
	case XL:
		most = xlMaxData
		if f.ID&^(priorityMask|vcidMask) != 0 {
			return &sock.ArgError{Kind: sock.ArgRange, Arg: "ID", Value: f.ID, Rule: "a CAN XL frame has a priority of 11 bits and 8 bits at CANXL_VCID_OFFSET"}
		}
		if len(f.Data) == 0 {
			return &sock.ArgError{Kind: sock.ArgLength, Arg: "Data", Value: 0, Rule: "a CAN XL frame has 1-2048 bytes"}
		}
	default:
		return &sock.ArgError{Kind: sock.ArgUnknown, Arg: "Kind", Value: f.Kind, Rule: "must be Classic, FD or XL"}
	}
	if f.Kind != XL && (f.SDT != 0 || f.AF != 0) {
		return &sock.ArgError{Kind: sock.ArgConflict, Arg: "SDT, AF", Value: [2]uint32{uint32(f.SDT), f.AF}, Rule: "only a CAN XL frame has them"}
	}
	if f.Kind != Classic && f.Len8DLC != 0 {
		return &sock.ArgError{Kind: sock.ArgConflict, Arg: "Len8DLC", Value: f.Len8DLC, Rule: "only a classic CAN frame has it"}
	}
	if f.Kind != XL && f.ID&(extendedFlag|errorFlag) == 0 && f.ID&idMask > standardMask {
		return &sock.ArgError{Kind: sock.ArgRange, Arg: "ID", Value: f.ID, Rule: "an identifier beyond 11 bits needs CAN_EFF_FLAG"}
	}
	if len(f.Data) > most {
		return &sock.ArgError{Kind: sock.ArgTooLong, Arg: "Data", Value: len(f.Data), Rule: fmt.Sprintf("a %s CAN frame has at most %d bytes", f.Kind, most)}
	}
	return nil
}

// Append appends the structure to b, as a CAN_RAW socket sends it. It allocates nothing if b has
// the room.
//
// Error: a *sock.ArgError for a field that no frame of this Kind has. It then returns b unchanged.
func (f Frame) Append(b []byte) ([]byte, error) {
	if err := f.check(); err != nil {
		return b, err
	}
	// struct can_frame {                 struct canfd_frame {            struct canxl_frame {
	//     0 canid_t can_id;                  0 canid_t can_id;               0 canid_t prio;
	//     4 __u8 len;                        4 __u8 len;                     4 __u8 flags;
	//     5 __u8 __pad;                      5 __u8 flags;                   5 __u8 sdt;
	//     6 __u8 __res0;                     6 __u8 __res0;                  6 __u16 len;
	//     7 __u8 len8_dlc;                   7 __u8 __res1;                  8 __u32 af;
	//     8 __u8 data[8];                    8 __u8 data[64];               12 __u8 data[2048];
	// };                                 };                              };
	b = binary.NativeEndian.AppendUint32(b, f.ID)
	if f.Kind == XL {
		b = append(b, f.Flags|CANXL_XLF, f.SDT)
		b = binary.NativeEndian.AppendUint16(b, uint16(len(f.Data)))
		b = binary.NativeEndian.AppendUint32(b, f.AF)
		return append(b, f.Data...), nil
	}
	b = append(b, byte(len(f.Data)), f.Flags&^CANFD_FDF, 0, f.Len8DLC)
	pad := maxData
	if f.Kind == FD {
		pad = fdMaxData
	}
	if f.IsRemote() {
		return append(b, padding[:pad]...), nil
	}
	b = append(b, f.Data...)
	return append(b, padding[len(f.Data):pad]...), nil
}

var padding [fdMaxData]byte

// DecodeFrame reads exactly the bytes that a CAN_RAW socket received. The frame's Data is a part of
// b, not a copy. It allocates nothing.
//
// Error: a *sock.ArgError for bytes that are not one whole frame.
func DecodeFrame(b []byte) (Frame, error) {
	if len(b) >= xlHeader && b[4]&CANXL_XLF != 0 {
		n := int(binary.NativeEndian.Uint16(b[6:]))
		if n == 0 || n > xlMaxData || n != len(b)-xlHeader {
			return Frame{}, &sock.ArgError{Kind: sock.ArgLength, Arg: "frame", Value: n, Rule: "the length within a CAN XL frame is wrong"}
		}
		return Frame{ID: binary.NativeEndian.Uint32(b), Kind: XL, Flags: b[4] &^ CANXL_XLF, SDT: b[5],
			AF: binary.NativeEndian.Uint32(b[8:]), Data: b[xlHeader:len(b):len(b)]}, nil
	}
	f := Frame{}
	switch len(b) {
	case CAN_MTU:
		if b[4] == maxData && b[7] > maxData && b[7] <= 15 {
			f.Len8DLC = b[7]
		}
	case CANFD_MTU:
		f.Kind, f.Flags = FD, b[5]&^CANFD_FDF
	default:
		return f, &sock.ArgError{Kind: sock.ArgLength, Arg: "frame", Value: len(b), Rule: "a CAN frame has 16, 72, or 13-2060 bytes"}
	}
	n := int(b[4])
	if n > len(b)-8 {
		return Frame{}, &sock.ArgError{Kind: sock.ArgLength, Arg: "frame", Value: n, Rule: "the length within a CAN frame is wrong"}
	}
	f.ID, f.Data = binary.NativeEndian.Uint32(b), b[8:8+n:8+n]
	return f, nil
}

// bitNames returns the names of the bits set in v, from the lowest, with sep between them. It
// leaves out bits without a name.
func bitNames(v uint32, names []string, sep string) string {
	text := ""
	for v != 0 {
		i := bits.TrailingZeros32(v)
		v &= v - 1
		if i < len(names) && names[i] != "" {
			if text != "" {
				text += sep
			}
			text += names[i]
		}
	}
	return text
}
