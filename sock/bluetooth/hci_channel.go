package bluetooth

import (
	"encoding/binary"
	"math"

	"github.com/polluxio/pollux/sock"
)

// Messages of HCI_CHANNEL_CONTROL, HCI_CHANNEL_MONITOR and HCI_CHANNEL_LOGGING have the same
// header: struct mgmt_hdr of BlueZ's lib/mgmt.h, struct hci_mon_hdr of the kernel's
// <net/bluetooth/hci_mon.h>.
//
//	0: uint16_t opcode; 2: uint16_t index; 4: uint16_t len; all little-endian

const hciMessageHeader = 6

// An HCIMessage is a message of the channels for control and monitoring.
type HCIMessage struct {
	Opcode uint16 // control: MGMT_OP_* for a command, MGMT_EV_* for an event; monitor: HCI_MON_*
	Index  uint16 // the controller, or MGMT_INDEX_NONE
	Params []byte // at most 65535 bytes
}

// Some commands and events of HCI_CHANNEL_CONTROL: BlueZ's lib/mgmt.h, and doc/mgmt-api.txt for
// their meaning.
const (
	MGMT_INDEX_NONE = 0xffff

	MGMT_OP_READ_VERSION    = 0x0001 // → uint8_t version; uint16_t revision;
	MGMT_OP_READ_COMMANDS   = 0x0002
	MGMT_OP_READ_INDEX_LIST = 0x0003 // → uint16_t num_controllers; uint16_t index[];
	MGMT_OP_READ_INFO       = 0x0004
	MGMT_OP_SET_POWERED     = 0x0005 // uint8_t
	MGMT_OP_SET_CONNECTABLE = 0x0007 // uint8_t

	MGMT_EV_CMD_COMPLETE = 0x0001 // uint16_t opcode; uint8_t status; …
	MGMT_EV_CMD_STATUS   = 0x0002 // uint16_t opcode; uint8_t status;
)

// Messages of HCI_CHANNEL_MONITOR: <net/bluetooth/hci_mon.h>. Their parameters are a packet without
// the byte of its kind.
const (
	HCI_MON_NEW_INDEX    = 0
	HCI_MON_DEL_INDEX    = 1
	HCI_MON_COMMAND_PKT  = 2
	HCI_MON_EVENT_PKT    = 3
	HCI_MON_ACL_TX_PKT   = 4
	HCI_MON_ACL_RX_PKT   = 5
	HCI_MON_SCO_TX_PKT   = 6
	HCI_MON_SCO_RX_PKT   = 7
	HCI_MON_OPEN_INDEX   = 8
	HCI_MON_CLOSE_INDEX  = 9
	HCI_MON_INDEX_INFO   = 10
	HCI_MON_VENDOR_DIAG  = 11
	HCI_MON_SYSTEM_NOTE  = 12
	HCI_MON_USER_LOGGING = 13
	HCI_MON_CTRL_OPEN    = 14
	HCI_MON_CTRL_CLOSE   = 15
	HCI_MON_CTRL_COMMAND = 16
	HCI_MON_CTRL_EVENT   = 17
	HCI_MON_ISO_TX_PKT   = 18
	HCI_MON_ISO_RX_PKT   = 19
)

// AppendHCIMessage appends the message to b.
//
// Error: a *sock.ArgError for more than 65535 bytes of parameters.
func AppendHCIMessage(b []byte, m HCIMessage) ([]byte, error) {
	if len(m.Params) > math.MaxUint16 {
		return b, &sock.ArgError{Kind: sock.ArgTooLong, Arg: "params", Value: len(m.Params), Rule: "a message has at most 65535 bytes of parameters"}
	}
	b = binary.LittleEndian.AppendUint16(b, m.Opcode)
	b = binary.LittleEndian.AppendUint16(b, m.Index)
	b = binary.LittleEndian.AppendUint16(b, uint16(len(m.Params)))
	return append(b, m.Params...), nil
}

// DecodeHCIMessage reads a message. Its Params are a part of p, not a copy.
//
// Error: a *PacketError if its length is wrong.
func DecodeHCIMessage(p []byte) (HCIMessage, error) {
	if len(p) < hciMessageHeader {
		return HCIMessage{}, &PacketError{"message", len(p), hciMessageHeader}
	}
	if n := hciMessageHeader + int(binary.LittleEndian.Uint16(p[4:])); n != len(p) {
		return HCIMessage{}, &PacketError{"message", len(p), n}
	}
	return HCIMessage{binary.LittleEndian.Uint16(p), binary.LittleEndian.Uint16(p[2:]), p[hciMessageHeader:len(p):len(p)]}, nil
}

// Answers returns the command of HCI_CHANNEL_CONTROL that an event answers, its status (0 for
// success, else MGMT_STATUS_*) and its result. ok is false for any other event.
func (m HCIMessage) Answers() (opcode uint16, status uint8, result []byte, ok bool) {
	if m.Opcode != MGMT_EV_CMD_COMPLETE && m.Opcode != MGMT_EV_CMD_STATUS || len(m.Params) < 3 {
		return 0, 0, nil, false
	}
	return binary.LittleEndian.Uint16(m.Params), m.Params[2], m.Params[3:], true
}
