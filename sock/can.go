package sock

import (
	"encoding/binary"
	"fmt"
	"math/bits"
)

// CANKind is which of the three formats a CAN frame has.
type CANKind uint8

const (
	CANClassic CANKind = iota // struct can_frame: at most 8 bytes
	CANFD                     // struct canfd_frame: at most 64 bytes; a socket wants CAN_RAW_FD_FRAMES for it
	CANXL                     // struct canxl_frame: 1 to 2048 bytes; a socket wants CAN_RAW_XL_FRAMES for it (Linux 6.1)
)

// String is "classic", "FD" or "XL".
func (k CANKind) String() string {
	switch k {
	case CANClassic:
		return "classic"
	case CANFD:
		return "FD"
	case CANXL:
		return "XL"
	}
	return "unknown"
}

// Bits of CANFrame.Flags, and what goes with them: <linux/can.h>.
const (
	CANFD_BRS = 0x01 // FD: the data goes at the second, higher rate
	CANFD_ESI = 0x02 // FD: the sender is in the state "error passive"
	CANFD_FDF = 0x04 // FD: that it is one, which CANFrame.Kind says

	CANXL_SEC = 0x01 // XL: simple extended content
	CANXL_RRS = 0x02 // XL: remote request substitution (Linux 6.14)
	CANXL_XLF = 0x80 // XL: that it is one, which CANFrame.Kind says

	CANXL_VCID_OFFSET = 16 // XL: where the number of the virtual network is in CANFrame.ID
)

// Sizes of the structures, which are the MTU of an interface too: <linux/can.h>.
const (
	CAN_MTU      = 16   // struct can_frame
	CANFD_MTU    = 72   // struct canfd_frame
	CANXL_MTU    = 2060 // struct canxl_frame, which is sent no longer than its data
	canxlHeader  = 12   // CANXL_HDR_SIZE
	canMaxData   = 8    // CAN_MAX_DLEN
	canfdMaxData = 64   // CANFD_MAX_DLEN
	canxlMaxData = 2048 // CANXL_MAX_DLEN
	canPriority  = 0x7ff
	canVCID      = 0xff << CANXL_VCID_OFFSET
)

// The bits of can_id, <linux/can.h>, for systems that have no CAN too.
const (
	canExtended  = 0x80000000 // CAN_EFF_FLAG
	canRemote    = 0x40000000 // CAN_RTR_FLAG
	canError     = 0x20000000 // CAN_ERR_FLAG
	canStandard  = 0x7ff      // CAN_SFF_MASK
	canIDs       = 0x1fffffff // CAN_EFF_MASK, CAN_ERR_MASK
	canFlagsOfID = canExtended | canRemote | canError
)

// A CANFrame is what a CAN_RAW socket sends and receives, one a message: struct can_frame, canfd_frame or canxl_frame of
// <linux/can.h>.
//
//	p, err := sock.CANFrame{ID: 0x123, Data: []byte{0xde, 0xad}}.Append(nil)
//	_, err = s.Send(p, 0)
//
//	n, err := s.RecvInto(buf[:], 0) // a buf of CANXL_MTU bytes holds any
//	f, err := sock.DecodeCANFrame(buf[:n])
//
// A send for which the queue of the interface has no room fails with ENOBUFS, and nothing tells when there is some: try again
// after a while.
type CANFrame struct {
	// ID is the identifier: 11 bits, or 29 bits with CAN_EFF_FLAG. CAN_RTR_FLAG asks for data, CAN_ERR_FLAG makes it an error
	// frame whose other bits say what is wrong (see ErrorFrame). Of an XL frame it is the priority, 11 bits, and the number of the
	// virtual network, 8 bits at CANXL_VCID_OFFSET, which counts as SetCANNetwork says.
	ID   uint32
	Kind CANKind

	// Flags are CANFD_BRS and CANFD_ESI, or CANXL_SEC and CANXL_RRS. Those that the Kind implies (CANFD_FDF, CANXL_XLF) are not
	// in it.
	Flags uint8

	// Len8DLC is the data length code of a classic frame that has 8 bytes of data and a code beyond 8: 9 to 15; else 0. Only
	// controllers that are set to tell it do.
	Len8DLC uint8

	SDT uint8  // XL: the type of the service data unit
	AF  uint32 // XL: the acceptance field

	// Data are the bytes. A remote frame has none; here the length that it asks for is that of Data, the bytes do not count.
	Data []byte
}

// IsExtended says whether the identifier has 29 bits.
func (f CANFrame) IsExtended() bool { return f.Kind != CANXL && f.ID&canExtended != 0 }

// IsRemote says whether it is a remote frame, which asks for data.
func (f CANFrame) IsRemote() bool { return f.Kind == CANClassic && f.ID&canRemote != 0 }

// IsError says whether it is an error frame, which the system made.
func (f CANFrame) IsError() bool { return f.Kind == CANClassic && f.ID&canError != 0 }

// Identifier is the ID without flags and virtual network.
func (f CANFrame) Identifier() uint32 {
	switch {
	case f.Kind == CANXL:
		return f.ID & canPriority
	case f.ID&(canExtended|canError) != 0:
		return f.ID & canIDs
	}
	return f.ID & canStandard
}

// DLC is the data length code on the wire (ISO 11898-1): of an FD frame that of the next length that has one, of an XL frame its
// length less 1.
func (f CANFrame) DLC() int {
	switch {
	case f.Kind == CANXL:
		return len(f.Data) - 1
	case f.Kind == CANClassic && f.Len8DLC != 0:
		return int(f.Len8DLC)
	}
	for dlc, n := range canfdLengths {
		if n >= len(f.Data) {
			return dlc
		}
	}
	return len(canfdLengths) - 1
}

var canfdLengths = [16]int{0, 1, 2, 3, 4, 5, 6, 7, 8, 12, 16, 20, 24, 32, 48, 64}

// CANFDLen is how many bytes an FD frame with that data length code has: 0 to 8, 12, 16, 20, 24, 32, 48 or 64. Only the low four bits
// of dlc count.
func CANFDLen(dlc int) int { return canfdLengths[dlc&15] }

// check says whether f can be sent.
func (f CANFrame) check() error {
	most := canMaxData
	switch f.Kind {
	case CANClassic:
		if f.Flags != 0 {
			return &ArgError{"Flags", f.Flags, "a classic CAN frame has no flags"}
		}
		if f.Len8DLC != 0 && (f.Len8DLC < 9 || f.Len8DLC > 15 || len(f.Data) != canMaxData) {
			return &ArgError{"Len8DLC", f.Len8DLC, "must be 9-15, with 8 bytes of data, or 0"}
		}
		if f.ID&canError != 0 && f.ID&(canExtended|canRemote) != 0 {
			return &ArgError{"ID", f.ID, "an error frame is neither an extended nor a remote frame"}
		}
	case CANFD:
		most = canfdMaxData
		if f.ID&(canRemote|canError) != 0 {
			return &ArgError{"ID", f.ID, "a CAN FD frame is neither a remote nor an error frame"}
		}
		if f.Flags&^(CANFD_BRS|CANFD_ESI|CANFD_FDF) != 0 {
			return &ArgError{"Flags", f.Flags, "a CAN FD frame has the flags CANFD_BRS and CANFD_ESI"}
		}
	case CANXL:
		most = canxlMaxData
		if f.ID&^(canPriority|canVCID) != 0 {
			return &ArgError{"ID", f.ID, "a CAN XL frame has a priority of 11 bits and 8 bits at CANXL_VCID_OFFSET"}
		}
		if len(f.Data) == 0 {
			return &ArgError{"Data", 0, "a CAN XL frame has 1-2048 bytes"}
		}
	default:
		return &ArgError{"Kind", f.Kind, "must be CANClassic, CANFD or CANXL"}
	}
	if f.Kind != CANXL && (f.SDT != 0 || f.AF != 0) {
		return &ArgError{"SDT, AF", [2]uint32{uint32(f.SDT), f.AF}, "only a CAN XL frame has them"}
	}
	if f.Kind != CANClassic && f.Len8DLC != 0 {
		return &ArgError{"Len8DLC", f.Len8DLC, "only a classic CAN frame has it"}
	}
	if f.Kind != CANXL && f.ID&(canExtended|canError) == 0 && f.ID&canIDs > canStandard {
		return &ArgError{"ID", f.ID, "an identifier beyond 11 bits needs CAN_EFF_FLAG"}
	}
	if len(f.Data) > most {
		return &ArgError{"Data", len(f.Data), fmt.Sprintf("a %s CAN frame has at most %d bytes", f.Kind, most)}
	}
	return nil
}

// Append appends the structure to b, as a CAN_RAW socket sends it. It allocates nothing if b has the room.
//
// Errors: an *ArgError for what no frame of this Kind has; b is unchanged then.
func (f CANFrame) Append(b []byte) ([]byte, error) {
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
	if f.Kind == CANXL {
		b = append(b, f.Flags|CANXL_XLF, f.SDT)
		b = binary.NativeEndian.AppendUint16(b, uint16(len(f.Data)))
		b = binary.NativeEndian.AppendUint32(b, f.AF)
		return append(b, f.Data...), nil
	}
	b = append(b, byte(len(f.Data)), f.Flags&^CANFD_FDF, 0, f.Len8DLC)
	pad := canMaxData
	if f.Kind == CANFD {
		pad = canfdMaxData
	}
	if f.IsRemote() {
		return append(b, padding[:pad]...), nil
	}
	b = append(b, f.Data...)
	return append(b, padding[len(f.Data):pad]...), nil
}

var padding [canfdMaxData]byte

// DecodeCANFrame reads exactly the bytes that a CAN_RAW socket received. The frame's Data are those of b, not a copy. It allocates
// nothing.
//
// Error: an *ArgError for bytes that are no frame, as a part of one is not.
func DecodeCANFrame(b []byte) (CANFrame, error) {
	if len(b) >= canxlHeader && b[4]&CANXL_XLF != 0 {
		n := int(binary.NativeEndian.Uint16(b[6:]))
		if n == 0 || n > canxlMaxData || n != len(b)-canxlHeader {
			return CANFrame{}, &ArgError{"frame", n, "the length within a CAN XL frame is wrong"}
		}
		return CANFrame{ID: binary.NativeEndian.Uint32(b), Kind: CANXL, Flags: b[4] &^ CANXL_XLF, SDT: b[5],
			AF: binary.NativeEndian.Uint32(b[8:]), Data: b[canxlHeader:len(b):len(b)]}, nil
	}
	f := CANFrame{}
	switch len(b) {
	case CAN_MTU:
		if b[4] == canMaxData && b[7] > canMaxData && b[7] <= 15 {
			f.Len8DLC = b[7]
		}
	case CANFD_MTU:
		f.Kind, f.Flags = CANFD, b[5]&^CANFD_FDF
	default:
		return f, &ArgError{"frame", len(b), "a CAN frame has 16, 72, or 13-2060 bytes"}
	}
	n := int(b[4])
	if n > len(b)-8 {
		return CANFrame{}, &ArgError{"frame", n, "the length within a CAN frame is wrong"}
	}
	f.ID, f.Data = binary.NativeEndian.Uint32(b), b[8:8+n:8+n]
	return f, nil
}

// bitNames are the names of the bits of v that are set, from the lowest, with sep between them. A bit without a name is left out.
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
