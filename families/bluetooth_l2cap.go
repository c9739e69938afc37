package families

import (
	"encoding/binary"
	"strconv"
)

// L2CAP is an address of AF_BLUETOOTH for the protocol BTPROTO_L2CAP: a device, BDADDR_ANY for any;
// the number of a service, or 0; the number of a fixed channel, or 0; and the type of the device's
// address, BDADDR_BREDR, BDADDR_LE_PUBLIC or BDADDR_LE_RANDOM.
//
// The device is six hexadecimal numbers of at most 0xff and colons. [Family.Encode] reports another
// ([ErrBluetoothAddr], or [ErrBluetoothFormat] if it has a NUL). On NetBSD and DragonFly the
// channel is taken modulo 2**8, and another type than BDADDR_BREDR is [ErrBluetoothFormat].
func L2CAP(bdaddr string, psm, cid uint16, bdaddrType uint8) Addr {
	return Addr{kind: KindL2CAP, a: uint32(psm), b: uint32(bdaddrType)<<16 | uint32(cid)}.withBdaddr(bdaddr)
}

// L2CAP is what an l2cap address has. What another has are zeros.
func (a Addr) L2CAP() (bdaddr string, psm, cid uint16, bdaddrType uint8) {
	if a.kind != KindL2CAP {
		return "", 0, 0, 0
	}
	return a.Bdaddr(), uint16(a.a), uint16(a.b), uint8(a.b >> 16)
}

// l2capCodec is <bluetooth/l2cap.h>, on Linux and FreeBSD, whose field names begin with l2cap_. On
// NetBSD and DragonFly it is struct sockaddr_bt with the cid in bt_channel.
//
//	struct sockaddr_l2 {
//		                               // header          0
//		unsigned short l2_psm;         // little-endian   2
//		bdaddr_t       l2_bdaddr;      // 6 bytes         4
//		unsigned short l2_cid;         // little-endian  10
//		uint8_t        l2_bdaddr_type; //                12
//	};                                 //                14
//
// As text it is "00:1A:7D:DA:71:13,25", and after these the cid and the type if they are not 0.
type l2capCodec struct{}

func (l2capCodec) text(a Addr) string {
	bdaddr, psm, cid, bdaddrType := a.L2CAP()
	s := escape(bdaddr, bdaddrSyntax) + "," + strconv.Itoa(int(psm))
	if cid != 0 || bdaddrType != 0 {
		s += "," + strconv.Itoa(int(cid))
	}
	if bdaddrType != 0 {
		s += "," + strconv.Itoa(int(bdaddrType))
	}
	return s
}

func (l2capCodec) parse(s string) (Addr, error) {
	r := readFields("l2cap", s, ",")
	bdaddr, psm := unescape(r.next("device")), r.number("psm", 16)
	var cid, bdaddrType uint64
	if r.more() {
		cid = r.number("cid", 16)
	}
	if r.more() {
		bdaddrType = r.number("address type", 8)
	}
	if err := r.done(); err != nil {
		return Addr{}, err
	}
	a := L2CAP(bdaddr, uint16(psm), uint16(cid), uint8(bdaddrType))
	if err := a.checkBdaddr(ErrBluetoothFormat); err != nil {
		return Addr{}, err
	}
	return a, nil
}

func (l2capCodec) encode(s *System, body []byte, a Addr) (int, error) {
	n := 14 - headerLen
	if err := a.checkBdaddr(ErrBluetoothFormat); err != nil {
		return 0, err
	}
	if s.netbt() {
		n = btSize
		if a.b>>16 != 0 {
			return 0, &AddrError{Family: "l2cap", Value: "address type " + utoa(a.b>>16), Rule: ErrBluetoothFormat}
		}
	}
	if len(body) < n {
		return 0, noRoom("l2cap", headerLen+len(body))
	}
	clear(body[:n])
	if s.netbt() {
		putBdaddr(body[btBdaddr:], a.lo)
		binary.NativeEndian.PutUint16(body[btPSM:], uint16(a.a))
		body[btChannel] = uint8(a.b)
		return n, nil
	}
	binary.LittleEndian.PutUint16(body[0:], uint16(a.a))
	putBdaddr(body[2:], a.lo)
	binary.LittleEndian.PutUint16(body[8:], uint16(a.b))
	body[10] = uint8(a.b >> 16)
	return n, nil
}

func (l2capCodec) decode(s *System, body []byte) (Addr, error) {
	if s.netbt() {
		if len(body) < btChannel+1 {
			return Addr{}, short("l2cap", headerLen+len(body))
		}
		return Addr{
			kind: KindL2CAP,
			lo:   getBdaddr(body[btBdaddr:]),
			a:    uint32(binary.NativeEndian.Uint16(body[btPSM:])),
			b:    uint32(body[btChannel]),
		}, nil
	}
	if len(body) < 8 { // older systems end after the device
		return Addr{}, short("l2cap", headerLen+len(body))
	}
	a := Addr{kind: KindL2CAP, a: uint32(binary.LittleEndian.Uint16(body[0:])), lo: getBdaddr(body[2:])}
	if len(body) >= 11 {
		a.b = uint32(binary.LittleEndian.Uint16(body[8:])) | uint32(body[10])<<16
	}
	return a, nil
}
