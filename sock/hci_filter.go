package sock

import "encoding/binary"

// An HCIFilter says what a socket of BTPROTO_HCI on HCI_CHANNEL_RAW receives. The zero one lets nothing pass, and is what a new socket
// has.
type HCIFilter struct {
	TypeMask  uint32    // by kind of packet: see Type
	EventMask [2]uint32 // by code of event: see Event
	Opcode    uint16    // if not 0: of the events that answer a command, only those that answer this one
}

// Type lets packets of these kinds pass, HCI_EVENT_PKT and the like: hci_filter_set_ptype in C.
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

// Event lets events of these codes pass, 0 to 63, if packets of the kind HCI_EVENT_PKT do: hci_filter_set_event in C. Of a greater
// code the lower 6 bits count, as in the kernel.
func (f HCIFilter) Event(codes ...uint8) HCIFilter {
	for _, c := range codes {
		f.EventMask[c&63>>5] |= 1 << (c & 31)
	}
	return f
}

// AllEvents lets all events pass: hci_filter_all_events in C.
func (f HCIFilter) AllEvents() HCIFilter {
	f.EventMask = [2]uint32{1<<32 - 1, 1<<32 - 1}
	return f
}

// The filter as setsockopt(2) takes it: struct hci_filter of <bluetooth/hci.h>, hci_ufilter in the kernel.
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
