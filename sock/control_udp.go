package sock

import "encoding/binary"

// <linux/udp.h>, and the level <netinet/in.h>; Linux only.
const (
	solUDP     = 17  // SOL_UDP
	udpSegment = 103 // UDP_SEGMENT, Linux 4.18
	udpGRO     = 104 // UDP_GRO, Linux 5.0
)

// UDPSegment is how many bytes of payload each datagram of one send is to have; the last may have
// fewer. The kernel, or the network card, cuts what was sent in one piece (GSO). Data: a __u16.
type UDPSegment uint16

// Control is the item that sendmsg(2) takes: UDP_SEGMENT.
func (n UDPSegment) Control() Control {
	return Control{solUDP, udpSegment, binary.NativeEndian.AppendUint16(nil, uint16(n))}
}

// UDPSegment reads an item of the type UDP_SEGMENT.
func (c Control) UDPSegment() (UDPSegment, bool) {
	if !c.is(solUDP, udpSegment) || len(c.Data) != 2 {
		return 0, false
	}
	return UDPSegment(binary.NativeEndian.Uint16(c.Data)), true
}

// UDPGRO is how many bytes each of the datagrams had that came as one; the last may have had fewer.
// It comes with more than one datagram if UDP_GRO is set. Data: a C int.
type UDPGRO int

// UDPGRO reads an item of the type UDP_GRO.
func (c Control) UDPGRO() (UDPGRO, bool) {
	v, ok := c.uint32(solUDP, udpGRO)
	return UDPGRO(int32(v)), ok
}
