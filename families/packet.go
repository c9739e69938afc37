package families

import (
	"encoding/binary"
	"strconv"
	"strings"
)

// Packet is an address of AF_PACKET (Linux) as bind takes it: an interface, "" for all, and the
// number of a protocol of Ethernet such as 0x0800, in the order of the host. packet(7)
//
// The protocol of socket(2) is in network order: Htons(ETH_P_IP).
func Packet(ifname string, proto int) Addr {
	return PacketLL(ifname, proto, 0, 0, nil)
}

// PacketLL is an address of AF_PACKET with all it has (struct sockaddr_ll): the kind of packet,
// PACKET_HOST and so on; the kind of hardware, ARPHRD_ETHER and so on; and a hardware address of at
// most 8 bytes, the receiver of what is sent.
//
// The kinds are taken modulo 2**8 and 2**16. [Family.Encode] reports, in this order, an argument
// that is no C int ([ErrPacketRange]), a name that has to be turned into its index
// ([ErrZoneUnresolved]: see [Addr.Zone]), a hardware address that is too long ([ErrPacketAddr]) and
// the protocol ([ErrPacketProto]).
func PacketLL(ifname string, proto, pkttype, hatype int, hardware []byte) Addr {
	a := Addr{kind: KindPacket, port: proto, a: packetKinds(uint8(pkttype), uint16(hatype))}
	if strings.IndexByte(ifname, 0) >= 0 {
		a.form, a.text = ifBad, ifname
		return a
	}
	a = a.withInterface(ifname).withHardware(hardware)
	for _, n := range []int{proto, pkttype, hatype} {
		if n != int(int32(n)) {
			return Addr{kind: KindPacket, form: ifBad, port: n, text: ifname}
		}
	}
	return a
}

func packetKinds(pkttype uint8, hatype uint16) uint32 { return uint32(pkttype)<<16 | uint32(hatype) }

// withHardware is a with a hardware address: hi has its length, lo its bytes if these are at most
// 8, and otherwise they follow the name of the interface and a NUL, which no such name has.
func (a Addr) withHardware(b []byte) Addr {
	a.hi = uint64(len(b))
	if len(b) <= 8 {
		a.lo = putHardware(b)
	} else {
		a.text += "\x00" + string(b)
	}
	return a
}

// Packet is what a packet address has but for the interface, for which there is [Addr.Interface].
// The hardware address is nil if the address has none. That of another family are zeros.
func (a Addr) Packet() (proto, pkttype, hatype int, hardware []byte) {
	if a.kind != KindPacket {
		return 0, 0, 0, nil
	}
	return a.port, int(a.a >> 16), int(a.a & 0xffff), a.hardware()
}

func (a Addr) hardware() []byte {
	if _, long, ok := strings.Cut(a.text, "\x00"); ok && a.hi > 8 {
		return []byte(long)
	}
	return appendHardware(nil, a.lo, int(a.hi))
}

// checkPacket is the first rule that a breaks. That the interface is an index yet counts if
// resolved.
func (a Addr) checkPacket(resolved bool) error {
	rule, value := Rule(""), ""
	switch {
	case a.form == ifBad && strings.IndexByte(a.text, 0) >= 0:
		rule, value = ErrNUL, strconv.Quote(a.text)
	case a.form == ifBad:
		rule, value = ErrPacketRange, strconv.Itoa(a.port)
	case a.form == ifName && resolved:
		name, _ := a.Interface()
		rule, value = ErrZoneUnresolved, strconv.Quote(name)
	case a.hi > 8:
		rule, value = ErrPacketAddr, plural(int(a.hi))
	case a.port < 0 || a.port > 0xffff:
		rule, value = ErrPacketProto, strconv.Itoa(a.port)
	default:
		return nil
	}
	return &AddrError{Family: "packet", Value: value, Rule: rule}
}

// packetCodec is <linux/if_packet.h>:
//
//	struct sockaddr_ll {
//		                             // header          0
//		__be16         sll_protocol; // network order   2
//		int            sll_ifindex;  // host order      4
//		unsigned short sll_hatype;   // host order      8
//		unsigned char  sll_pkttype;  //                10
//		unsigned char  sll_halen;    //                11
//		unsigned char  sll_addr[8];  //                12
//	};                               //                20
//
// The kernel reports hardware addresses of more than 8 bytes, those of InfiniBand, in as many bytes
// as they need.
//
// As text it is "eth0,0x800", or with all it has "eth0,0x800,4,1,00:11:22:33:44:55". #2 in place of
// the name is the index of an interface.
type packetCodec struct{}

func (packetCodec) text(a Addr) string {
	proto, pkttype, hatype, hardware := a.Packet()
	s := a.interfaceText() + ","
	if proto < 0 {
		s += strconv.Itoa(proto)
	} else {
		s += hexNumber(uint64(proto))
	}
	if pkttype != 0 || hatype != 0 || hardware != nil {
		s += "," + strconv.Itoa(pkttype) + "," + strconv.Itoa(hatype) + "," + hardwareText(hardware)
	}
	return s
}

func (packetCodec) parse(s string) (Addr, error) {
	r := readFields("packet", s, ",")
	ifname, proto := r.next("interface"), r.number("protocol", 64)
	var pkttype, hatype uint64
	var hardware []byte
	if r.more() {
		pkttype, hatype, hardware = r.number("packet type", 8), r.number("hardware type", 16), r.hardware()
	}
	a := Addr{kind: KindPacket, port: int(min(proto, 1<<16)), a: packetKinds(uint8(pkttype), uint16(hatype))}
	a = r.interfaceOf(a, ifname)
	if err := r.done(); err != nil {
		return Addr{}, err
	}
	if strings.IndexByte(a.text, 0) >= 0 {
		a.form = ifBad
	} else {
		a = a.withHardware(hardware)
	}
	if a.hi > 8 && a.form == ifIndex { // the kernel has such
		return a, nil
	}
	if err := a.checkPacket(false); err != nil {
		return Addr{}, err
	}
	return a, nil
}

func (packetCodec) encode(_ *System, body []byte, a Addr) (int, error) {
	const n = 20 - headerLen
	if err := a.checkPacket(true); err != nil {
		return 0, err
	}
	if len(body) < n {
		return 0, noRoom("packet", headerLen+len(body))
	}
	binary.BigEndian.PutUint16(body[0:], uint16(a.port))
	binary.NativeEndian.PutUint32(body[2:], a.b)
	binary.NativeEndian.PutUint16(body[6:], uint16(a.a))
	body[8], body[9] = uint8(a.a>>16), uint8(a.hi)
	binary.BigEndian.PutUint64(body[10:], a.lo)
	return n, nil
}

func (packetCodec) decode(_ *System, body []byte) (Addr, error) {
	const hardware = 12 - headerLen
	if len(body) < hardware || len(body) < hardware+int(body[9]) {
		return Addr{}, short("packet", headerLen+len(body))
	}
	return Addr{
		kind: KindPacket,
		port: int(binary.BigEndian.Uint16(body[0:])),
		b:    binary.NativeEndian.Uint32(body[2:]),
		a:    packetKinds(body[8], binary.NativeEndian.Uint16(body[6:])),
	}.withHardware(body[hardware : hardware+int(body[9])]), nil
}
