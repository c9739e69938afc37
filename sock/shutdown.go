package sock

// Shutdown wraps shutdown(2): how is SHUT_RD, SHUT_WR or SHUT_RDWR. What waits for what cannot come
// any more ends, on every family and in every mode, as a blocking call would: a receive with no
// bytes, a send with EPIPE, an accept with EINVAL, a connect with its error.
//
// Errors: EINVAL for another how, ENOTCONN.
func (s *Socket) Shutdown(how int) error {
	if err := cInt("how", how); err != nil {
		return s.fail("shutdown", Addr{}, err)
	}
	return s.do("shutdown", func(sysfd int) error {
		err := sysShutdown(sysfd, how)
		s.fd.Stir() // also after ENOTCONN: to a socket that was not connected it has happened nevertheless
		return err
	})
}
