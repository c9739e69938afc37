package sock

// HasIPv6 is Python's has_ipv6. It says that this package has IPv6, which is always true. It does
// not say that this machine has IPv6.
const HasIPv6 = true

// HasDualstackIPv6 reports whether an AF_INET6 socket can accept IPv4 connections too on this
// system: Python's has_dualstack_ipv6.
func HasDualstackIPv6() bool {
	s, err := New(AF_INET6, SOCK_STREAM, 0)
	if err != nil {
		return false
	}
	defer s.Close()
	return s.Setsockopt(IPPROTO_IPV6, IPV6_V6ONLY, 0) == nil
}
