package families

import (
	"strconv"
	"strings"
)

// The protocols of AF_BLUETOOTH: <bluetooth/bluetooth.h>; FreeBSD
// <netgraph/bluetooth/include/ng_btsocket.h>; NetBSD and DragonFly <netbt/bluetooth.h>; Windows
// <ws2bth.h>.
var (
	protocolHCI    = protocols{linux: {1}, freebsd: {134}, netbsd: {1}, dragonfly: {1}}
	protocolL2CAP  = protocols{linux: {0}, freebsd: {135}, netbsd: {2}, dragonfly: {2}}
	protocolRFCOMM = protocols{linux: {3}, freebsd: {136}, netbsd: {3}, dragonfly: {3}, windows: {3}}
	protocolSCO    = protocols{linux: {2}, freebsd: {137}, netbsd: {4}, dragonfly: {4}}
)

// A Bluetooth address of a device is the low 48 bits of lo, its first number at the top. If form is
// bdaddrBad it is text that is none.
const (
	bdaddrOK  form = iota
	bdaddrBad      // text that is no address of a device: checkBdaddr says why
)

// withBdaddr is a with the device that s spells: six hexadecimal numbers of at most 0xff, with
// colons between them.
func (a Addr) withBdaddr(s string) Addr {
	n, ok := parseBdaddr(s)
	if !ok {
		a.form, a.text = bdaddrBad, s
		return a
	}
	a.lo = n
	return a
}

func parseBdaddr(s string) (n uint64, ok bool) {
	parts := strings.SplitN(s, ":", 7)
	if len(parts) != 6 {
		return 0, false
	}
	for _, part := range parts {
		b, err := strconv.ParseUint(part, 16, 8)
		if err != nil {
			return 0, false
		}
		n = n<<8 | b
	}
	return n, true
}

func bdaddrText(n uint64) string {
	const digits = "0123456789ABCDEF"
	b := make([]byte, 0, 17)
	for i := 40; i >= 0; i -= 8 {
		b = append(b, digits[n>>(i+4)&15], digits[n>>i&15])
		if i > 0 {
			b = append(b, ':')
		}
	}
	return string(b)
}

// Bdaddr is the address of the device of a Bluetooth address, "00:1A:7D:DA:71:13", or what was
// given for one. It is "" for an HCI address that has another form, and for other families.
func (a Addr) Bdaddr() string {
	switch a.kind {
	case KindL2CAP, KindRFCOMM, KindSCO:
		if a.form == bdaddrBad {
			return a.text
		}
		return bdaddrText(a.lo)
	case KindHCI:
		switch a.form {
		case hciBdaddr:
			return bdaddrText(a.lo)
		case hciBad:
			return a.text
		}
	}
	return ""
}

// checkBdaddr is nil if a has the address of a device. nul is the rule for one with a NUL.
func (a Addr) checkBdaddr(nul Rule) error {
	if a.form != bdaddrBad {
		return nil
	}
	rule := ErrBluetoothAddr
	if strings.IndexByte(a.text, 0) >= 0 {
		rule = nul
	}
	return &AddrError{Family: a.Network(), Value: strconv.Quote(a.text), Rule: rule}
}

// bdaddrSyntax is what is escaped in text that is no address of a device, for people to read.
const bdaddrSyntax = " ,"

// putBdaddr writes a bdaddr_t, whose first byte is the last number of the text.
func putBdaddr(b []byte, n uint64) {
	for i := range 6 {
		b[i] = byte(n >> (8 * i))
	}
}

func getBdaddr(b []byte) (n uint64) {
	for i := range 6 {
		n |= uint64(b[i]) << (8 * i)
	}
	return n
}

// NetBSD and DragonFly have one sockaddr for all protocols, <netbt/bluetooth.h>:
//
//	struct sockaddr_bt {
//		                     // header      0
//		bdaddr_t bt_bdaddr;  // 6 bytes     2
//		uint16_t bt_psm;     // host order  8
//		uint8_t  bt_channel; //            10
//		uint8_t  bt_zero[5]; //            11
//	};                       //            16
const (
	btBdaddr  = 2 - headerLen
	btPSM     = 8 - headerLen
	btChannel = 10 - headerLen
	btSize    = 16 - headerLen
)

// netbt reports whether that is the sockaddr of s.
func (s *System) netbt() bool { return s.index == netbsd || s.index == dragonfly }
