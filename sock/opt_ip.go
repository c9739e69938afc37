package sock

// SetRecvErr sets whether the kernel queues the ICMP errors that answer what the socket has sent.
// RecvError reads them. An unconnected datagram socket gets these errors in no other way. It sets
// IP_RECVERR, and on an AF_INET6 socket IPV6_RECVERR too. Linux only; ip(7).
//
// Errors: an *ArgError for a socket of another family; errors.ErrUnsupported except on Linux.
func (s *Socket) SetRecvErr(on bool) error {
	v6, err := s.isInet6("setsockopt")
	if err == nil && v6 {
		err = s.setInt("IPV6_RECVERR", IPPROTO_IPV6, options.recverr6, boolInt(on))
		if s.Type() == SOCK_RAW {
			return err // it sends nothing to an IPv4 address, and so lacks the other option
		}
	}
	if err == nil {
		err = s.setInt("IP_RECVERR", IPPROTO_IP, options.recverr, boolInt(on))
	}
	return err
}

// RecvErr reports what SetRecvErr has set.
func (s *Socket) RecvErr() (bool, error) {
	v6, err := s.isInet6("getsockopt")
	if err != nil {
		return false, err
	}
	level, name := IPPROTO_IP, options.recverr
	if v6 {
		level, name = IPPROTO_IPV6, options.recverr6
	}
	v, err := s.getInt("IP_RECVERR", level, name)
	return v != 0, err
}

// isInet6 reports whether the socket is AF_INET6 (true) or AF_INET (false).
func (s *Socket) isInet6(op string) (v6 bool, err error) {
	switch s.Family() {
	case AF_INET:
		return false, nil
	case AF_INET6:
		return true, nil
	}
	return false, s.fail(op, Addr{}, &ArgError{ArgType, "family", networkName(s.Family()), "must be inet or inet6"})
}
