package sock

// HasIPv6 is Python's has_ipv6: that IPv6 was built in, as it always is, not that this host has it.
const HasIPv6 = true

// HasDualstackIPv6 says whether an AF_INET6 socket here can take IPv4 connections too: Python's
// has_dualstack_ipv6.
func HasDualstackIPv6() bool {
	s, err := New(AF_INET6, SOCK_STREAM, 0)
	if err != nil {
		return false
	}
	defer s.Close()
	return s.Setsockopt(IPPROTO_IPV6, IPV6_V6ONLY, 0) == nil
}
