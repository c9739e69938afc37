package bluetooth

import (
	"encoding/binary"

	"github.com/polluxio/pollux/sock"
	"github.com/polluxio/pollux/sock/internal/linux"
)

// An HCIFilter chooses the packets that a socket of BTPROTO_HCI on HCI_CHANNEL_RAW receives. No
// packet passes the zero HCIFilter, which a new socket has.
type HCIFilter struct {
	TypeMask  uint32    // by kind of packet; see Type
	EventMask [2]uint32 // by code of event; see Event
	// Not 0: of the events that answer a command, only those for this command pass.
	Opcode uint16
}

// Type returns a filter that packets of these kinds also pass, such as HCI_EVENT_PKT:
// hci_filter_set_ptype in C.
func (f HCIFilter) Type(kinds ...uint8) HCIFilter {
	for _, k := range kinds {
		bit := k & 31
		if k == HCI_VENDOR_PKT {
			bit = 0 // as the kernel has it
		}
		f.TypeMask |= 1 << bit
	}
	return f
}

// Event returns a filter that events of these codes also pass, if packets of the kind HCI_EVENT_PKT
// pass: hci_filter_set_event in C. The lower 6 bits of a code count, as in the kernel.
func (f HCIFilter) Event(codes ...uint8) HCIFilter {
	for _, c := range codes {
		f.EventMask[c&63>>5] |= 1 << (c & 31)
	}
	return f
}

// AllEvents returns a filter that all events pass: hci_filter_all_events in C.
func (f HCIFilter) AllEvents() HCIFilter {
	f.EventMask = [2]uint32{1<<32 - 1, 1<<32 - 1}
	return f
}

// The filter as setsockopt(2) takes it: struct hci_filter of <bluetooth/hci.h>, hci_ufilter in the
// kernel.
//
//	0: uint32_t type_mask; 4: uint32_t event_mask[2]; 12: uint16_t opcode;
//
// It is 14 bytes and 2 of padding: the kernel refuses it without them (EINVAL).
const hciFilterLen = 16

func (f HCIFilter) bytes() (b [hciFilterLen]byte) {
	binary.NativeEndian.PutUint32(b[0:], f.TypeMask)
	binary.NativeEndian.PutUint32(b[4:], f.EventMask[0])
	binary.NativeEndian.PutUint32(b[8:], f.EventMask[1])
	binary.LittleEndian.PutUint16(b[12:], f.Opcode)
	return b
}

func hciFilterOf(b [hciFilterLen]byte) HCIFilter {
	return HCIFilter{
		TypeMask:  binary.NativeEndian.Uint32(b[0:]),
		EventMask: [2]uint32{binary.NativeEndian.Uint32(b[4:]), binary.NativeEndian.Uint32(b[8:])},
		Opcode:    binary.LittleEndian.Uint16(b[12:]),
	}
}

// Options of the level SOL_HCI: <bluetooth/hci.h>. Package sock has them, on Linux only.
const (
	hciDataDir   = 1
	hciFilter    = 2
	hciTimeStamp = 3
)

// SetHCIFilter sets HCI_FILTER. The kernel drops packets that do not pass.
//
// Errors: EBADFD on a channel other than HCI_CHANNEL_RAW; ENOPROTOOPT for a socket of another
// protocol; errors.ErrUnsupported on a system other than Linux.
func SetHCIFilter(s *sock.Socket, f HCIFilter) error {
	b := f.bytes()
	return linux.SetOption(s, "HCI_FILTER", solHCI, hciFilter, b[:])
}

// GetHCIFilter gets HCI_FILTER. The kernel narrows the filter of a program without CAP_NET_RAW.
func GetHCIFilter(s *sock.Socket) (HCIFilter, error) {
	var b [hciFilterLen]byte
	err := linux.Exactly(s, "HCI_FILTER", solHCI, hciFilter, b[:])
	return hciFilterOf(b), err
}

// SetHCIDataDir sets HCI_DATA_DIR: whether ancillary data has the direction of a packet, which
// HCIDir reads. A raw socket also gets the commands of other programs.
func SetHCIDataDir(s *sock.Socket, on bool) error {
	return linux.SetBool(s, "HCI_DATA_DIR", solHCI, hciDataDir, on)
}

// GetHCIDataDir gets HCI_DATA_DIR.
func GetHCIDataDir(s *sock.Socket) (bool, error) {
	v, err := linux.Int(s, "HCI_DATA_DIR", solHCI, hciDataDir)
	return v != 0, err
}

// SetHCITimeStamp sets HCI_TIME_STAMP: whether ancillary data has the time at which a packet
// arrived, which HCITime reads.
func SetHCITimeStamp(s *sock.Socket, on bool) error {
	return linux.SetBool(s, "HCI_TIME_STAMP", solHCI, hciTimeStamp, on)
}

// GetHCITimeStamp gets HCI_TIME_STAMP.
func GetHCITimeStamp(s *sock.Socket) (bool, error) {
	v, err := linux.Int(s, "HCI_TIME_STAMP", solHCI, hciTimeStamp)
	return v != 0, err
}
