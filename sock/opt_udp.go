package sock

import "math"

// SetUDPSegment has each send be cut into datagrams of n bytes of payload, the last maybe shorter:
// UDP_SEGMENT of Linux 4.18, udp(7). 0 ends it. For a single send there is the type UDPSegment.
//
// Errors: an *ArgError for an n beyond 65535. A send then fails with EINVAL if a datagram would not
// go without fragments, or would be one of more than 64 (128 since 6.9), and with EIO if the
// network card cannot compute checksums.
func (s *Socket) SetUDPSegment(n int) error {
	if n < 0 || n > math.MaxUint16 {
		return s.fail("setsockopt", Addr{}, &ArgError{ArgRange, "segment", n, "must be 0-65535"})
	}
	return s.setInt("UDP_SEGMENT", solUDP, udpOption(udpSegment), int32(n))
}

// UDPSegment is what SetUDPSegment has set.
func (s *Socket) UDPSegment() (int, error) {
	return s.getInt("UDP_SEGMENT", solUDP, udpOption(udpSegment))
}

// SetUDPGRO has datagrams of one sender that came together be received as one, together with a
// UDPGRO that says how long each was: UDP_GRO of Linux 5.0, udp(7). Give each receive room for 64
// KiB.
func (s *Socket) SetUDPGRO(on bool) error {
	return s.setInt("UDP_GRO", solUDP, udpOption(udpGRO), boolInt(on))
}

func udpOption(name int) int {
	if !options.udp {
		return 0
	}
	return name
}
