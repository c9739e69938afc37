package families

import (
	"encoding/binary"
	"strconv"
	"strings"
)

// CAN returns an address of AF_CAN for the protocols CAN_RAW and CAN_BCM (Linux; on NetBSD CAN_RAW
// only). ifname is the name of an interface, or "" for all interfaces.
//
// The name must be turned into an index before the address is used: see [Addr.Zone].
// [Family.Encode] reports a name with a NUL ([ErrNUL]) and a name of more than 15 bytes
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

// checkCAN returns the error of the interface, or nil. With resolved, the interface must be an
// index.
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

// canCodec encodes this structure of <linux/can.h>, or of <netcan/can.h> on NetBSD. NetBSD's union
// has only the first member:
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
// The kernel reports as many bytes as the protocol needs: for CAN_RAW and CAN_BCM 8 bytes.
//
// Its text is "can0". "#3" is the index of an interface, and "#0" means all interfaces.
type canCodec struct{}

const canAddr = 8 - headerLen // can_addr

func (canCodec) text(a Addr) string { return a.interfaceText() }

func (canCodec) parse(s string) (Addr, error) {
	r := readFields("can", s, ",")
	return parseCAN(Addr{kind: KindCAN}, r.next("interface"), r)
}

// parseCAN returns a with the interface that text names, if r has no more to read.
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

// encodeCAN writes everything except can_addr.
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
