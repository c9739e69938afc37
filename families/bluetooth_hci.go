package families

import (
	"encoding/binary"
	"strconv"
	"strings"
)

// What names a controller differs between the systems.
const (
	hciDevice form = iota // a number, in a, and a channel, in b: Linux
	hciBad                // text that is no address of a device
	hciNode               // the name of a node of netgraph, in text: FreeBSD
	hciBdaddr             // the address of a device, in lo: NetBSD, DragonFly
)

// HCI is an address of AF_BLUETOOTH for the protocol BTPROTO_HCI on Linux: the number of a
// controller, HCI_DEV_NONE for none, and a channel, HCI_CHANNEL_RAW (0), HCI_CHANNEL_USER,
// HCI_CHANNEL_CONTROL and so on. On the other systems it is [HCINode] or [HCIBdaddr], and the form
// of another system is reported by [Family.Encode] ([ErrBluetoothFormat]).
func HCI(dev, channel uint16) Addr {
	return Addr{kind: KindHCI, a: uint32(dev), b: uint32(channel)}
}

// HCINode is an address for BTPROTO_HCI on FreeBSD: the name of a node such as "ubt0hci", of at
// most 32 bytes ([ErrHCINode]).
func HCINode(name string) Addr { return Addr{kind: KindHCI, form: hciNode, text: name} }

// HCIBdaddr is an address for BTPROTO_HCI on NetBSD and DragonFly: the address of a device, as for
// [L2CAP].
func HCIBdaddr(bdaddr string) Addr {
	a := Addr{kind: KindHCI}.withBdaddr(bdaddr)
	if a.form == bdaddrOK {
		a.form = hciBdaddr
	}
	return a
}

// HCI is the controller and the channel of an address made by [HCI]. Those of any other are 0.
func (a Addr) HCI() (dev, channel uint16) {
	if a.kind != KindHCI || a.form != hciDevice {
		return 0, 0
	}
	return uint16(a.a), uint16(a.b)
}

// HCINode is the node of an address made by [HCINode]. That of any other is "".
func (a Addr) HCINode() string {
	if a.kind != KindHCI || a.form != hciNode {
		return ""
	}
	return a.text
}

// hciCodec is <bluetooth/hci.h> on Linux:
//
//	struct sockaddr_hci {
//		                            // header      0
//		unsigned short hci_dev;     // host order  2
//		unsigned short hci_channel; // host order  4
//	};                              //             6
//
// FreeBSD, <netgraph/bluetooth/include/ng_btsocket.h>. On NetBSD and DragonFly it is struct
// sockaddr_bt.
//
//	struct sockaddr_hci {
//		                    // header  0
//		char hci_node[32];  //         2
//	};                      //        34
//
// As text it is "0", and after it a channel that is not 0; "ubt0hci"; or "00:1A:7D:DA:71:13".
type hciCodec struct{}

const hciNodeLen = 32 // NG_NODESIZ

func (hciCodec) text(a Addr) string {
	switch a.form {
	case hciNode:
		s := escape(a.text, " ,:")
		if s == "" || '0' <= s[0] && s[0] <= '9' {
			return "node " + s // not a number
		}
		return s
	case hciBdaddr, hciBad:
		return escape(a.Bdaddr(), bdaddrSyntax)
	}
	s := utoa(a.a)
	if a.b != 0 {
		s += "," + utoa(a.b)
	}
	return s
}

func (hciCodec) parse(s string) (Addr, error) {
	a, err := parseHCI(s)
	if err == nil {
		err = a.checkHCI()
	}
	if err != nil {
		return Addr{}, err
	}
	return a, nil
}

func parseHCI(s string) (Addr, error) {
	node, isNode := strings.CutPrefix(s, "node ")
	switch {
	case !isNode && strings.IndexByte(s, ':') >= 0:
		return HCIBdaddr(unescape(s)), nil
	case isNode, s != "" && (s[0] < '0' || s[0] > '9'):
		if strings.ContainsAny(node, ",:") {
			return Addr{}, notAnAddress("hci", s, "a node is a name")
		}
		return HCINode(unescape(node)), nil
	}
	r := readFields("hci", s, ",")
	dev, channel := r.number("device", 16), uint64(0)
	if r.more() {
		channel = r.number("channel", 16)
	}
	return HCI(uint16(dev), uint16(channel)), r.done()
}

// checkHCI is the rule that a breaks on a system that has its form.
func (a Addr) checkHCI() error {
	switch {
	case a.form == hciBad:
		return a.checkBdaddr(ErrBluetoothFormat)
	case a.form == hciNode && len(a.text) > hciNodeLen:
		return &AddrError{Family: "hci", Value: plural(len(a.text)), Rule: ErrHCINode}
	case a.form == hciNode && strings.IndexByte(a.text, 0) >= 0:
		return &AddrError{Family: "hci", Value: strconv.Quote(a.text), Rule: ErrNUL}
	}
	return nil
}

func (hciCodec) encode(s *System, body []byte, a Addr) (int, error) {
	want, n := hciDevice, 6-headerLen
	switch {
	case s.index == freebsd:
		want, n = hciNode, headerLen+hciNodeLen-headerLen
	case s.netbt():
		want, n = hciBdaddr, btSize
	}
	if a.form != want && (a.form != hciBad || want != hciBdaddr) {
		return 0, &AddrError{Family: "hci", Value: strconv.Quote(a.String()), Rule: ErrBluetoothFormat}
	}
	if err := a.checkHCI(); err != nil {
		return 0, err
	}
	if len(body) < n {
		return 0, noRoom("hci", headerLen+len(body))
	}
	clear(body[:n])
	switch want {
	case hciNode:
		copy(body, a.text)
	case hciBdaddr:
		putBdaddr(body[btBdaddr:], a.lo)
	default:
		binary.NativeEndian.PutUint16(body[0:], uint16(a.a))
		binary.NativeEndian.PutUint16(body[2:], uint16(a.b))
	}
	return n, nil
}

func (hciCodec) decode(s *System, body []byte) (Addr, error) {
	switch {
	case s.index == freebsd:
		return HCINode(cString(body[:min(len(body), hciNodeLen)])), nil
	case s.netbt() && len(body) >= btBdaddr+6:
		return Addr{kind: KindHCI, form: hciBdaddr, lo: getBdaddr(body[btBdaddr:])}, nil
	case !s.netbt() && len(body) >= 4:
		return HCI(binary.NativeEndian.Uint16(body[0:]), binary.NativeEndian.Uint16(body[2:])), nil
	}
	return Addr{}, short("hci", headerLen+len(body))
}
