package families

import "encoding/binary"

// RFCOMM is an address of AF_BLUETOOTH for the protocol BTPROTO_RFCOMM: a device, as for [L2CAP],
// and a channel, 1 to 30, or 0 in bind for one that the system chooses (BT_PORT_ANY on Windows).
// But on Windows it is taken modulo 2**8.
func RFCOMM(bdaddr string, channel uint32) Addr {
	return Addr{kind: KindRFCOMM, a: channel}.withBdaddr(bdaddr)
}

// RFCOMM is the device and the channel of an rfcomm address. Those of any other are "" and 0.
func (a Addr) RFCOMM() (bdaddr string, channel uint32) {
	if a.kind != KindRFCOMM {
		return "", 0
	}
	return a.Bdaddr(), a.a
}

// rfcommCodec is <bluetooth/rfcomm.h>. On FreeBSD, whose field names begin with rfcomm_, it has no
// padding. On NetBSD and DragonFly it is struct sockaddr_bt.
//
//	struct sockaddr_rc {
//		                      // header   0
//		bdaddr_t rc_bdaddr;   // 6 bytes  2
//		uint8_t  rc_channel;  //          8
//	};                        //         10, FreeBSD 9
//
// On Windows it is <ws2bth.h>, packed:
//
//	typedef struct _SOCKADDR_BTH {
//		                        // header                  0
//		BTH_ADDR btAddr;        // 8 bytes, little-endian  2
//		GUID     serviceClassId;// 16 bytes, not used     10
//		ULONG    port;          // little-endian          26
//	} SOCKADDR_BTH;             //                        30
//
// As text it is "00:1A:7D:DA:71:13,3".
type rfcommCodec struct{}

func (rfcommCodec) text(a Addr) string {
	return escape(a.Bdaddr(), bdaddrSyntax) + "," + utoa(a.a)
}

func (rfcommCodec) parse(s string) (Addr, error) {
	r := readFields("rfcomm", s, ",")
	bdaddr, channel := unescape(r.next("device")), r.number("channel", 32)
	if err := r.done(); err != nil {
		return Addr{}, err
	}
	a := RFCOMM(bdaddr, uint32(channel))
	if err := a.checkBdaddr(ErrBluetoothFormat); err != nil {
		return Addr{}, err
	}
	return a, nil
}

// rfcommSize is sizeof the sockaddr.
var rfcommSize = perSystem{linux: 10, freebsd: 9, netbsd: 16, dragonfly: 16, windows: 30}

func (rfcommCodec) encode(s *System, body []byte, a Addr) (int, error) {
	n := rfcommSize[s.index] - headerLen
	if err := a.checkBdaddr(ErrBluetoothFormat); err != nil {
		return 0, err
	}
	if len(body) < n {
		return 0, noRoom("rfcomm", headerLen+len(body))
	}
	clear(body[:n])
	putBdaddr(body, a.lo)
	switch {
	case s.index == windows:
		binary.LittleEndian.PutUint32(body[24:], a.a)
	case s.netbt():
		body[btChannel] = uint8(a.a)
	default:
		body[6] = uint8(a.a)
	}
	return n, nil
}

func (rfcommCodec) decode(s *System, body []byte) (Addr, error) {
	channel := 6
	switch {
	case s.index == windows:
		channel = 24 + 3 // its last byte
	case s.netbt():
		channel = btChannel
	}
	if len(body) <= channel {
		return Addr{}, short("rfcomm", headerLen+len(body))
	}
	a := Addr{kind: KindRFCOMM, lo: getBdaddr(body), a: uint32(body[channel])}
	if s.index == windows {
		a.a = binary.LittleEndian.Uint32(body[24:])
	}
	return a, nil
}
