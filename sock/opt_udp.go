package sock

import "math"

// SetUDPSegment makes the kernel cut each send into datagrams of n bytes of payload; the last one
// may be shorter. 0 ends it. For a single send use the type UDPSegment. UDP_SEGMENT; Linux 4.18;
// udp(7).
//
// Errors: an *ArgError for an n beyond 65535; errors.ErrUnsupported except on Linux. A later send
// fails with EINVAL if a datagram would need fragments, or if there would be more than 64 datagrams
// (128 since Linux 6.9), and with EIO if the network card cannot compute checksums.
func (s *Socket) SetUDPSegment(n int) error {
	if n < 0 || n > math.MaxUint16 {
		return s.fail("setsockopt", Addr{}, &ArgError{ArgRange, "segment", n, "must be 0-65535"})
	}
	return s.setInt("UDP_SEGMENT", solUDP, udpOption(udpSegment), int32(n))
}

// UDPSegment returns what SetUDPSegment has set.
func (s *Socket) UDPSegment() (int, error) {
	return s.getInt("UDP_SEGMENT", solUDP, udpOption(udpSegment))
}

// SetUDPGRO lets one receive return several datagrams of one sender that arrived together, with a
// UDPGRO that gives the length of each. Give each receive room for 64 KiB. UDP_GRO; Linux 5.0;
// udp(7).
func (s *Socket) SetUDPGRO(on bool) error {
	return s.setInt("UDP_GRO", solUDP, udpOption(udpGRO), boolInt(on))
}

func udpOption(name int) int {
	if !options.udp {
		return 0
	}
	return name
}
