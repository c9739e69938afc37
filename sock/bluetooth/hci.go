package bluetooth

import (
	"encoding/binary"
	"fmt"
	"math"

	"github.com/polluxio/pollux/sock"
)

// The packets of the host controller interface, as a socket of BTPROTO_HCI sends and receives them:
// a byte for the kind, then the packet of the Bluetooth Core Specification, volume 4, part E,
// section 5.4. All numbers are little-endian.

// The kinds of packets: <bluetooth/hci.h>.
const (
	HCI_COMMAND_PKT = 0x01
	HCI_ACLDATA_PKT = 0x02
	HCI_SCODATA_PKT = 0x03
	HCI_EVENT_PKT   = 0x04
	HCI_ISODATA_PKT = 0x05
	HCI_VENDOR_PKT  = 0xff
)

// Events that answer a command: <bluetooth/hci.h>. Others are in the specification, volume 4, part
// E, section 7.7.
const (
	EVT_CMD_COMPLETE = 0x0e
	EVT_CMD_STATUS   = 0x0f
)

// HCI_MAX_FRAME_SIZE is room for any packet: <bluetooth/hci.h>.
const HCI_MAX_FRAME_SIZE = 1492 + 4 + 4

// A PacketError reports a packet that is too short, or whose length field is wrong.
type PacketError struct {
	Packet     string // the kind of packet
	Have, Want int    // bytes
}

func (e *PacketError) Error() string {
	return fmt.Sprintf("%s of %d bytes, where %d should be", e.Packet, e.Have, e.Want)
}

// HCIOpcode returns the number of a command from its group, 6 bits, and its number in the group, 10
// bits: cmd_opcode_pack in C. It drops bits beyond these.
func HCIOpcode(ogf, ocf uint16) uint16 { return ogf<<10 | ocf&0x3ff }

// An HCICommand is a packet from the host to its controller.
type HCICommand struct {
	Opcode uint16 // see HCIOpcode
	Params []byte // at most 255 bytes
}

// AppendHCICommand appends the packet to b.
//
//	uint8_t kind = HCI_COMMAND_PKT; uint16_t opcode; uint8_t plen;
//
// Error: a *sock.ArgError for more than 255 bytes of parameters.
func AppendHCICommand(b []byte, c HCICommand) ([]byte, error) {
	if len(c.Params) > math.MaxUint8 {
		return b, &sock.ArgError{Kind: sock.ArgTooLong, Arg: "params", Value: len(c.Params), Rule: "a command has at most 255 bytes of parameters"}
	}
	b = append(b, HCI_COMMAND_PKT, byte(c.Opcode), byte(c.Opcode>>8), byte(len(c.Params)))
	return append(b, c.Params...), nil
}

// DecodeHCICommand reads a packet. Its Params are a part of p, not a copy.
//
// Errors: a *sock.ArgError for a packet of another kind, a *PacketError for a wrong length.
func DecodeHCICommand(p []byte) (HCICommand, error) {
	const header = 4
	body, err := hciBody("command packet", HCI_COMMAND_PKT, p, header, func() int { return int(p[3]) })
	if err != nil {
		return HCICommand{}, err
	}
	return HCICommand{binary.LittleEndian.Uint16(p[1:]), body}, nil
}

// An HCIEvent is a packet from a controller to its host.
type HCIEvent struct {
	Code   uint8 // EVT_CMD_COMPLETE, …
	Params []byte
}

// AppendHCIEvent appends the packet to b.
//
//	uint8_t kind = HCI_EVENT_PKT; uint8_t evt; uint8_t plen;
//
// Error: a *sock.ArgError for more than 255 bytes of parameters.
func AppendHCIEvent(b []byte, e HCIEvent) ([]byte, error) {
	if len(e.Params) > math.MaxUint8 {
		return b, &sock.ArgError{Kind: sock.ArgTooLong, Arg: "params", Value: len(e.Params), Rule: "an event has at most 255 bytes of parameters"}
	}
	return append(append(b, HCI_EVENT_PKT, e.Code, byte(len(e.Params))), e.Params...), nil
}

// DecodeHCIEvent reads a packet. Its Params are a part of p, not a copy.
//
// Errors: a *sock.ArgError for a packet of another kind, a *PacketError for a wrong length.
func DecodeHCIEvent(p []byte) (HCIEvent, error) {
	const header = 3
	body, err := hciBody("event packet", HCI_EVENT_PKT, p, header, func() int { return int(p[2]) })
	if err != nil {
		return HCIEvent{}, err
	}
	return HCIEvent{p[1], body}, nil
}

// Answers returns the command that an event answers, and its result: for EVT_CMD_COMPLETE the
// return parameters, which begin with a status in most cases, and for EVT_CMD_STATUS the status
// alone. A status of 0 is success. ok is false for any other event.
//
//	evt_cmd_complete: uint8_t ncmd; uint16_t opcode; …
//	evt_cmd_status:   uint8_t status; uint8_t ncmd; uint16_t opcode;
func (e HCIEvent) Answers() (opcode uint16, result []byte, ok bool) {
	switch {
	case e.Code == EVT_CMD_COMPLETE && len(e.Params) >= 3:
		return binary.LittleEndian.Uint16(e.Params[1:]), e.Params[3:], true
	case e.Code == EVT_CMD_STATUS && len(e.Params) >= 4:
		return binary.LittleEndian.Uint16(e.Params[2:]), e.Params[:1], true
	}
	return 0, nil, false
}

// HCIData is a packet of a connection's data, of the kind HCI_ACLDATA_PKT, HCI_SCODATA_PKT or
// HCI_ISODATA_PKT.
type HCIData struct {
	Kind   uint8
	Handle uint16 // of the connection, 12 bits
	Flags  uint8  // 4 bits: the boundary and broadcast flags; for SCO its status
	Data   []byte // at most 65535 bytes; for SCO 255, for ISO 16383
}

// AppendHCIData appends the packet to b.
//
//	uint8_t kind; uint16_t handle, flags in the upper 4 bits; uint16_t dlen, or uint8_t for SCO;
//
// Error: a *sock.ArgError for another kind, a number out of range, or too much data.
func AppendHCIData(b []byte, d HCIData) ([]byte, error) {
	most := d.most()
	switch {
	case most < 0:
		return b, &sock.ArgError{Kind: sock.ArgUnknown, Arg: "kind", Value: d.Kind, Rule: "must be HCI_ACLDATA_PKT, HCI_SCODATA_PKT or HCI_ISODATA_PKT"}
	case d.Handle > 0xfff:
		return b, &sock.ArgError{Kind: sock.ArgRange, Arg: "handle", Value: d.Handle, Rule: "must be 0-4095"}
	case d.Flags > 0xf:
		return b, &sock.ArgError{Kind: sock.ArgRange, Arg: "flags", Value: d.Flags, Rule: "must be 0-15"}
	case len(d.Data) > most:
		return b, &sock.ArgError{Kind: sock.ArgTooLong, Arg: "data", Value: len(d.Data), Rule: fmt.Sprintf("at most %d bytes", most)}
	}
	b = append(b, d.Kind)
	b = binary.LittleEndian.AppendUint16(b, d.Handle|uint16(d.Flags)<<12)
	b = append(b, byte(len(d.Data)))
	if d.Kind != HCI_SCODATA_PKT {
		b = append(b, byte(len(d.Data)>>8))
	}
	return append(b, d.Data...), nil
}

// most returns the most bytes of data for the kind, or -1 for a kind without data.
func (d HCIData) most() int {
	switch d.Kind {
	case HCI_ACLDATA_PKT:
		return math.MaxUint16
	case HCI_SCODATA_PKT:
		return math.MaxUint8
	case HCI_ISODATA_PKT:
		return 1<<14 - 1 // the upper 2 bits of the length are reserved
	}
	return -1
}

// DecodeHCIData reads a packet. Its Data is a part of p, not a copy.
//
// Errors: a *sock.ArgError for a packet of another kind, a *PacketError for a wrong length.
func DecodeHCIData(p []byte) (HCIData, error) {
	if len(p) == 0 {
		return HCIData{}, &PacketError{"data packet", 0, 4}
	}
	d := HCIData{Kind: p[0]}
	most, header := d.most(), 5
	if most < 0 {
		return HCIData{}, &sock.ArgError{Kind: sock.ArgUnknown, Arg: "kind", Value: p[0], Rule: "not a data packet"}
	}
	if d.Kind == HCI_SCODATA_PKT {
		header = 4
	}
	body, err := hciBody("data packet", d.Kind, p, header, func() int {
		if header == 4 {
			return int(p[3])
		}
		return int(binary.LittleEndian.Uint16(p[3:])) & most
	})
	if err != nil {
		return HCIData{}, err
	}
	handle := binary.LittleEndian.Uint16(p[1:])
	d.Handle, d.Flags, d.Data = handle&0xfff, uint8(handle>>12), body
	return d, nil
}

// hciBody returns the bytes behind the header of a packet, and checks their length against the
// header.
func hciBody(what string, kind byte, p []byte, header int, length func() int) ([]byte, error) {
	if len(p) < header {
		return nil, &PacketError{what, len(p), header}
	}
	if p[0] != kind {
		return nil, &sock.ArgError{Kind: sock.ArgUnknown, Arg: "kind", Value: p[0], Rule: "not a " + what}
	}
	if n := header + length(); n != len(p) {
		return nil, &PacketError{what, len(p), n}
	}
	return p[header:len(p):len(p)], nil
}
