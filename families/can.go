package families

import (
	"encoding/binary"
	"strconv"
	"strings"
)

// CAN is an address of AF_CAN for the protocols CAN_RAW and CAN_BCM (Linux; CAN_RAW on NetBSD): the
// name of an interface, "" for all.
//
// The name has to be turned into an index before the address is used: see [Addr.Zone].
// [Family.Encode] reports one with a NUL ([ErrNUL]) and one of more than 15 bytes
// ([ErrCANInterface]).
func CAN(ifname string) Addr {
	return Addr{kind: KindCAN}.withCANInterface(ifname)
}

func (a Addr) withCANInterface(ifname string) Addr {
	return a.withInterface(ifname).checkedCAN()
}

func (a Addr) checkedCAN() Addr {
	if len(a.text) >= ifNameSize || strings.IndexByte(a.text, 0) >= 0 {
		a.form = ifBad
	}
	return a
}

// checkCAN is the first rule that the interface breaks. That it is an index yet counts if resolved.
func (a Addr) checkCAN(resolved bool) error {
	rule := ErrCANInterface
	switch {
	case a.form == ifIndex, a.form == ifName && !resolved:
		return nil
	case a.form == ifName:
		rule = ErrZoneUnresolved
	case strings.IndexByte(a.text, 0) >= 0:
		rule = ErrNUL
	}
	return &AddrError{Family: a.Network(), Value: strconv.Quote(a.text), Rule: rule}
}

// canCodec is <linux/can.h>, <netcan/can.h> on NetBSD. Of the union NetBSD has the first member
// only:
//
//	struct sockaddr_can {
//		                                                    // header      0, and 2 bytes of padding
//		int can_ifindex;                                    // host order  4
//		union {
//			struct { canid_t rx_id, tx_id; } tp;            // host order  8
//			struct { __u64 name; __u32 pgn; __u8 addr; } j1939;
//		} can_addr;                                         // 16 bytes    8
//	};                                                      //            24, on NetBSD 16
//
// The kernel reports as much as the protocol needs: of CAN_RAW and CAN_BCM 8 bytes.
//
// As text it is "can0"; "#3" is the index of an interface, #0 that of all.
type canCodec struct{}

const canAddr = 8 - headerLen // can_addr

func (canCodec) text(a Addr) string { return a.interfaceText() }

func (canCodec) parse(s string) (Addr, error) {
	r := readFields("can", s, ",")
	return parseCAN(Addr{kind: KindCAN}, r.next("interface"), r)
}

// parseCAN is a with the interface that text names, if r has no more to read.
func parseCAN(a Addr, text string, r *fieldReader) (Addr, error) {
	a = r.interfaceOf(a, text).checkedCAN()
	if err := r.done(); err != nil {
		return Addr{}, err
	}
	if err := a.checkCAN(false); err != nil {
		return Addr{}, err
	}
	return a, nil
}

func (canCodec) encode(s *System, body []byte, a Addr) (int, error) { return encodeCAN(s, body, a) }

// encodeCAN writes all but can_addr.
func encodeCAN(s *System, body []byte, a Addr) (int, error) {
	n := 24 - headerLen
	if s.index == netbsd {
		n = 16 - headerLen
	}
	if err := a.checkCAN(true); err != nil {
		return 0, err
	}
	if len(body) < n {
		return 0, noRoom(a.Network(), headerLen+len(body))
	}
	clear(body[:n])
	binary.NativeEndian.PutUint32(body[2:], a.b)
	return n, nil
}

func (canCodec) decode(_ *System, body []byte) (Addr, error) {
	if len(body) < canAddr {
		return Addr{}, short("can", headerLen+len(body))
	}
	return Addr{kind: KindCAN, b: binary.NativeEndian.Uint32(body[2:])}, nil
}
