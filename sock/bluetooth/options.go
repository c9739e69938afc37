// Package bluetooth extends sockets of AF_BLUETOOTH: the options whose value is a structure, and
// for BTPROTO_HCI the packets, filters, controllers, requests and messages of its channels. Names
// begin with their protocol: HCI, L2CAP, SCO. A name without a protocol serves several protocols.
//
//	s, err := sock.New(sock.AF_BLUETOOTH, sock.SOCK_SEQPACKET, sock.BTPROTO_L2CAP)
//	err = bluetooth.SetSecurity(s, bluetooth.Security{Level: sock.BT_SECURITY_MEDIUM})
//	err = s.Connect(sock.L2CAP("00:11:22:33:44:55", 25, 0, 0))
//
// Packets and messages are encoded and decoded on every system. Functions that ask the kernel
// return errors.ErrUnsupported on a system other than Linux.
package bluetooth

import (
	"encoding/binary"

	"github.com/polluxio/pollux/sock"
	"github.com/polluxio/pollux/sock/internal/linux"
)

// Security is the level that a connection must have: BT_SECURITY, for L2CAP, RFCOMM and SCO
// (<bluetooth/bluetooth.h>).
//
//	struct bt_security { 0: uint8_t level; 1: uint8_t key_size; };
type Security struct {
	Level   uint8 // BT_SECURITY_LOW, …
	KeySize uint8 // of the encryption, in bytes; SetSecurity leaves it unchanged for 0
}

// ConnInfo describes a connection: L2CAP_CONNINFO, RFCOMM_CONNINFO, SCO_CONNINFO
// (<bluetooth/l2cap.h> and others).
//
//	struct l2cap_conninfo { 0: uint16_t hci_handle; 2: uint8_t dev_class[3]; }; 6 bytes
type ConnInfo struct {
	Handle   uint16  // of the connection at its controller, as in HCIData
	DevClass [3]byte // the class of the peer, lowest byte first
}

const connInfoLen = 6

func connInfoOf(b [connInfoLen]byte) ConnInfo {
	return ConnInfo{binary.NativeEndian.Uint16(b[:]), [3]byte(b[2:])}
}

// Options of the levels SOL_L2CAP, SOL_RFCOMM and SOL_SCO: <bluetooth/l2cap.h>,
// <bluetooth/rfcomm.h>, <bluetooth/sco.h>.
const (
	L2CAP_OPTIONS  = 1
	L2CAP_CONNINFO = 2

	RFCOMM_CONNINFO = 2
	RFCOMM_LM       = 3 // a C int, with bits such as L2CAP_LM_*

	SCO_OPTIONS  = 1
	SCO_CONNINFO = 2
)

// L2CAP_DEFAULT_MTU is the longest message in bytes that every peer takes: <bluetooth/l2cap.h>.
const L2CAP_DEFAULT_MTU = 672

// L2CAPOptions are the options of an L2CAP socket on BR/EDR. Set them before it connects or
// listens. Later they have the values that the two sides agreed on.
//
//	struct l2cap_options {
//	    0: uint16_t omtu; 2: uint16_t imtu; 4: uint16_t flush_to;
//	    6: uint8_t mode;  7: uint8_t fcs;   8: uint8_t max_tx;    10: uint16_t txwin_size;
//	}; 12 bytes, <bluetooth/l2cap.h>
type L2CAPOptions struct {
	OMTU    uint16 // the longest message to send; the peer sets it
	IMTU    uint16 // the longest message to receive, 48 or more
	FlushTo uint16 // the time to retry a packet, in milliseconds; 65535: forever
	Mode    uint8  // L2CAP_MODE_*, which are not the numbers of BT_MODE
	FCS     uint8  // 1: with a checksum, in modes other than L2CAP_MODE_BASIC
	MaxTx   uint8  // the most transmissions of a packet; 0: without limit
	TxWin   uint16 // the most packets without an acknowledgement
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

// The numbers of Linux. Package sock has most of them, on Linux only: <sys/socket.h>,
// <bluetooth/bluetooth.h>.
const (
	afBluetooth = 31

	protoL2CAP  = 0
	protoSCO    = 2
	protoRFCOMM = 3

	solHCI       = 0
	solL2CAP     = 6
	solSCO       = 17
	solRFCOMM    = 18
	solBluetooth = 274

	btSecurity = 4
	btPower    = 9
	btVoice    = 11
	btSndMTU   = 12
	btRcvMTU   = 13
	btMode     = 15
)

// GetSecurity gets BT_SECURITY.
//
// Errors: EINVAL for a kind of socket without it; errors.ErrUnsupported on a system other than
// Linux.
func GetSecurity(s *sock.Socket) (Security, error) {
	var b [2]byte
	err := linux.Exactly(s, "BT_SECURITY", solBluetooth, btSecurity, b[:])
	return Security{b[0], b[1]}, err
}

// SetSecurity sets BT_SECURITY. On a connected L2CAP socket it raises the security of the link, and
// sending waits meanwhile.
//
// Errors: EINVAL for a level that the protocol lacks; errors.ErrUnsupported on a system other than
// Linux.
func SetSecurity(s *sock.Socket, v Security) error {
	return linux.SetOption(s, "BT_SECURITY", solBluetooth, btSecurity, []byte{v.Level, v.KeySize})
}

// GetPower gets BT_POWER, of L2CAP: whether the link leaves its power-saving mode to send.
func GetPower(s *sock.Socket) (forceActive bool, err error) {
	b, err := getUint8(s, "BT_POWER", solBluetooth, btPower)
	return b != 0, err
}

// SetPower sets BT_POWER, of L2CAP. See GetPower.
func SetPower(s *sock.Socket, forceActive bool) error {
	value := []byte{0}
	if forceActive {
		value[0] = 1
	}
	return linux.SetOption(s, "BT_POWER", solBluetooth, btPower, value)
}

// GetVoice gets BT_VOICE, of SCO: BT_VOICE_CVSD_16BIT, ….
func GetVoice(s *sock.Socket) (setting uint16, err error) {
	return getUint16(s, "BT_VOICE", solBluetooth, btVoice)
}

// SetVoice sets BT_VOICE, before the socket connects.
//
// Errors: EINVAL once it is connected, or for an unknown setting; errors.ErrUnsupported on a system
// other than Linux.
func SetVoice(s *sock.Socket, setting uint16) error {
	return linux.SetOption(s, "BT_VOICE", solBluetooth, btVoice, binary.NativeEndian.AppendUint16(nil, setting))
}

// GetSndMTU gets BT_SNDMTU: the longest message that can be sent, in bytes, of L2CAP over LE and of
// SCO.
//
// Errors: ENOTCONN; EINVAL for L2CAP over BR/EDR, which has L2CAPOptions; errors.ErrUnsupported on
// a system other than Linux.
func GetSndMTU(s *sock.Socket) (int, error) { return getMTU(s, "BT_SNDMTU", btSndMTU) }

// GetRcvMTU gets BT_RCVMTU: the longest message that can be received, in bytes. Otherwise it is as
// GetSndMTU.
func GetRcvMTU(s *sock.Socket) (int, error) { return getMTU(s, "BT_RCVMTU", btRcvMTU) }

// SetRcvMTU sets BT_RCVMTU, of L2CAP over LE.
func SetRcvMTU(s *sock.Socket, mtu uint16) error {
	return linux.SetOption(s, "BT_RCVMTU", solBluetooth, btRcvMTU, binary.NativeEndian.AppendUint16(nil, mtu))
}

// getMTU reads a uint16_t of L2CAP, or a uint32_t of SCO.
func getMTU(s *sock.Socket, what string, name int) (int, error) {
	if s.Proto() == protoSCO {
		return linux.Int(s, what, solBluetooth, name)
	}
	v, err := getUint16(s, what, solBluetooth, name)
	return int(v), err
}

// GetMode gets BT_MODE, of L2CAP: BT_MODE_BASIC, ….
//
// Errors: ENOPROTOOPT unless the kernel's bluetooth module has its parameter enable_ecred set;
// errors.ErrUnsupported on a system other than Linux.
func GetMode(s *sock.Socket) (uint8, error) { return getUint8(s, "BT_MODE", solBluetooth, btMode) }

// SetMode sets BT_MODE. See GetMode.
func SetMode(s *sock.Socket, mode uint8) error {
	return linux.SetOption(s, "BT_MODE", solBluetooth, btMode, []byte{mode})
}

// GetConnInfo gets L2CAP_CONNINFO, RFCOMM_CONNINFO or SCO_CONNINFO, by the socket's protocol.
//
// Errors: ENOTCONN; a *sock.ArgError for another protocol; errors.ErrUnsupported on a system other
// than Linux.
func GetConnInfo(s *sock.Socket) (ConnInfo, error) {
	proto := s.Proto()
	if s.Family() != afBluetooth {
		proto = -1
	}
	var b [connInfoLen]byte
	var err error
	switch proto {
	case protoL2CAP:
		err = linux.Exactly(s, "L2CAP_CONNINFO", solL2CAP, L2CAP_CONNINFO, b[:])
	case protoRFCOMM:
		err = linux.Exactly(s, "RFCOMM_CONNINFO", solRFCOMM, RFCOMM_CONNINFO, b[:])
	case protoSCO:
		err = linux.Exactly(s, "SCO_CONNINFO", solSCO, SCO_CONNINFO, b[:])
	default:
		err = s.OpError("getsockopt", sock.Addr{}, &sock.ArgError{Kind: sock.ArgType, Arg: "proto", Value: s.Proto(), Rule: "only L2CAP, RFCOMM and SCO have connections"})
	}
	return connInfoOf(b), err
}

// GetL2CAPOptions gets L2CAP_OPTIONS.
//
// Errors: EINVAL for L2CAP over LE, which has GetSndMTU; errors.ErrUnsupported on a system other
// than Linux.
func GetL2CAPOptions(s *sock.Socket) (L2CAPOptions, error) {
	var b [l2capOptionsLen]byte
	err := linux.Exactly(s, "L2CAP_OPTIONS", solL2CAP, L2CAP_OPTIONS, b[:])
	return l2capOptionsOf(b), err
}

// SetL2CAPOptions sets L2CAP_OPTIONS. It sets all fields: get them first, and change those that
// must differ.
//
// Errors: EINVAL once the socket is connected, or for a value out of range; errors.ErrUnsupported
// on a system other than Linux.
func SetL2CAPOptions(s *sock.Socket, o L2CAPOptions) error {
	b := o.bytes()
	return linux.SetOption(s, "L2CAP_OPTIONS", solL2CAP, L2CAP_OPTIONS, b[:])
}

// GetSCOMTU gets SCO_OPTIONS: the longest packet of voice, in bytes.
//
//	struct sco_options { 0: uint16_t mtu; };
//
// Errors: ENOTCONN; errors.ErrUnsupported on a system other than Linux.
func GetSCOMTU(s *sock.Socket) (int, error) {
	v, err := getUint16(s, "SCO_OPTIONS", solSCO, SCO_OPTIONS)
	return int(v), err
}

func getUint8(s *sock.Socket, what string, level, name int) (uint8, error) {
	var b [1]byte
	err := linux.Exactly(s, what, level, name, b[:])
	return b[0], err
}

func getUint16(s *sock.Socket, what string, level, name int) (uint16, error) {
	var b [2]byte
	err := linux.Exactly(s, what, level, name, b[:])
	return binary.NativeEndian.Uint16(b[:]), err
}
