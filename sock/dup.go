package sock

// Dup returns a new socket on a duplicate of the descriptor: close-on-exec, of the same family,
// type, proto and timeout. It is on no loop, whatever s is on, and has no deadline. Dup of a view
// is in the same view.
//
// Errors: net.ErrClosed, EMFILE.
func (s *Socket) Dup() (*Socket, error) {
	var dup *Socket
	err := s.do("dup", func(sysfd int) error {
		n, err := sysDup(sysfd)
		if err == nil {
			dup = newSocket(n, Family(s.family), Type(s.typ), Protocol(s.proto), s.timeout.Load())
			dup.flags.Or(isShared | s.flags.Load()&hasULP)
			dup.lingers() // it may be set by either
			s.lingers()
			s.flags.Or(isShared)
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	return View{s.who}.of(dup), nil
}

// Dup is Python's socket.dup(fd): the number of a duplicate that is close-on-exec.
//
// Errors: EBADF, of a negative descriptor an *ArgError that is EBADF too, EMFILE.
func Dup(sysfd int) (int, error) {
	if sysfd < 0 {
		return -1, failed("dup", AF_UNSPEC, negativeFD("fd", sysfd))
	}
	if err := cInt("fd", sysfd); err != nil {
		return -1, failed("dup", AF_UNSPEC, err)
	}
	dup, err := sysDup(sysfd)
	return dup, failed("dup", AF_UNSPEC, err)
}
