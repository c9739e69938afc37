package sock

import "encoding/binary"

// <linux/udp.h>, and the level <netinet/in.h>; Linux only.
const (
	solUDP     = 17  // SOL_UDP
	udpSegment = 103 // UDP_SEGMENT, Linux 4.18
	udpGRO     = 104 // UDP_GRO, Linux 5.0
)

// UDPSegment is the payload in bytes of each datagram of one send; the last datagram may be
// shorter. The kernel or the network card cuts the data into datagrams (GSO). Data: a __u16.
type UDPSegment uint16

// Control returns the UDP_SEGMENT item for sendmsg(2).
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

// UDPGRO is the payload in bytes of each datagram of one receive; the last may be shorter. It is
// received if UDP_GRO is set and the kernel joined more than one datagram. Data: a C int.
type UDPGRO int

// UDPGRO reads an item of the type UDP_GRO.
func (c Control) UDPGRO() (UDPGRO, bool) {
	v, ok := c.uint32(solUDP, udpGRO)
	return UDPGRO(int32(v)), ok
}
