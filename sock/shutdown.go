package sock

// Shutdown wraps shutdown(2): how is SHUT_RD, SHUT_WR or SHUT_RDWR. It ends the pending operations
// that can no longer succeed, on every family and in every mode, as the kernel ends blocking calls:
// a receive with 0 bytes, a send with EPIPE, an accept with EINVAL, a connect with its own error.
//
// On a TIPC connection whose peer takes nothing more, the kernel waits up to 8 seconds for it. A
// task waits without its loop; a callback should leave the call to a task.
//
// Errors: EINVAL for another how, ENOTCONN.
func (s *Socket) Shutdown(how int) error {
	if err := cInt("how", how); err != nil {
		return s.fail("shutdown", Addr{}, err)
	}
	return s.do("shutdown", func(sysfd int) (err error) {
		if t := s.who.Task(); t != nil && s.has(quirkSlowClose) {
			err = t.Do(func() error { return sysShutdown(sysfd, how) })
		} else {
			err = sysShutdown(sysfd, how)
		}
		s.fd.Stir() // after ENOTCONN too: a socket that was not connected is shut down all the same
		return err
	})
}
