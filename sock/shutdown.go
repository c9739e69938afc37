package sock

// Shutdown wraps shutdown(2): how is SHUT_RD, SHUT_WR or SHUT_RDWR.
//
// Errors: EINVAL for another how, ENOTCONN.
func (s *Socket) Shutdown(how int) error {
	if err := cInt("how", how); err != nil {
		return s.fail("shutdown", Addr{}, err)
	}
	return s.do("shutdown", func(sysfd int) error { return sysShutdown(sysfd, how) })
}
