package sock

import "encoding/binary"

// BTSecurity is what a connection must have: BT_SECURITY, for L2CAP, RFCOMM and SCO (<bluetooth/bluetooth.h>).
//
//	struct bt_security { 0: uint8_t level; 1: uint8_t key_size; };
type BTSecurity struct {
	Level   uint8 // BT_SECURITY_LOW, …
	KeySize uint8 // of the encryption, in bytes; 0 on setting: as it is
}

// BTConnInfo is what the kernel knows of a connection: L2CAP_CONNINFO, RFCOMM_CONNINFO, SCO_CONNINFO (<bluetooth/l2cap.h> and others).
//
//	struct l2cap_conninfo { 0: uint16_t hci_handle; 2: uint8_t dev_class[3]; }; 6 bytes
type BTConnInfo struct {
	Handle   uint16  // of the connection at its controller: HCIData has it
	DevClass [3]byte // what the peer says it is; the lowest byte first
}

const btConnInfoLen = 6

func btConnInfoOf(b [btConnInfoLen]byte) BTConnInfo {
	return BTConnInfo{binary.NativeEndian.Uint16(b[:]), [3]byte(b[2:])}
}

// Options of one protocol, whose levels are SOL_L2CAP, SOL_RFCOMM and SOL_SCO: <bluetooth/l2cap.h>, <bluetooth/rfcomm.h>,
// <bluetooth/sco.h>.
const (
	L2CAP_OPTIONS  = 1
	L2CAP_CONNINFO = 2

	RFCOMM_CONNINFO = 2
	RFCOMM_LM       = 3 // an int, bits as L2CAP_LM_* has them

	SCO_OPTIONS  = 1
	SCO_CONNINFO = 2
)

// L2CAP_DEFAULT_MTU is the longest message that every peer takes: <bluetooth/l2cap.h>.
const L2CAP_DEFAULT_MTU = 672

// L2CAPOptions are those of an L2CAP socket on BR/EDR: set before it connects or listens, and after that as the two have agreed.
//
//	struct l2cap_options {
//	    0: uint16_t omtu; 2: uint16_t imtu; 4: uint16_t flush_to;
//	    6: uint8_t mode;  7: uint8_t fcs;   8: uint8_t max_tx;    10: uint16_t txwin_size;
//	}; 12 bytes, <bluetooth/l2cap.h>
type L2CAPOptions struct {
	OMTU    uint16 // the longest message to send; set by the peer
	IMTU    uint16 // the longest message to receive: 48 at the least
	FlushTo uint16 // how long a packet is tried, in milliseconds; 65535: for ever
	Mode    uint8  // L2CAP_MODE_*: not the same numbers as BT_MODE
	FCS     uint8  // 1: with a checksum; for the modes but L2CAP_MODE_BASIC
	MaxTx   uint8  // how often a packet is sent again; 0: without end
	TxWin   uint16 // how many packets may be unacknowledged
}

// The modes of an L2CAP channel: <net/bluetooth/l2cap.h> of the kernel.
const (
	L2CAP_MODE_BASIC     = 0
	L2CAP_MODE_ERTM      = 3
	L2CAP_MODE_STREAMING = 4
)

const l2capOptionsLen = 12

func (o L2CAPOptions) bytes() (b [l2capOptionsLen]byte) {
	binary.NativeEndian.PutUint16(b[0:], o.OMTU)
	binary.NativeEndian.PutUint16(b[2:], o.IMTU)
	binary.NativeEndian.PutUint16(b[4:], o.FlushTo)
	b[6], b[7], b[8] = o.Mode, o.FCS, o.MaxTx
	binary.NativeEndian.PutUint16(b[10:], o.TxWin)
	return b
}

func l2capOptionsOf(b [l2capOptionsLen]byte) L2CAPOptions {
	return L2CAPOptions{
		OMTU:    binary.NativeEndian.Uint16(b[0:]),
		IMTU:    binary.NativeEndian.Uint16(b[2:]),
		FlushTo: binary.NativeEndian.Uint16(b[4:]),
		Mode:    b[6], FCS: b[7], MaxTx: b[8],
		TxWin: binary.NativeEndian.Uint16(b[10:]),
	}
}
