package sock

// Dup returns a new socket on a duplicate of the descriptor. The duplicate is close-on-exec, and
// has the family, type, protocol and timeout of s. It belongs to no loop, even if s does, and has
// no deadline. Dup of a view returns a socket in the same view.
//
// Errors: net.ErrClosed, EMFILE.
func (s *Socket) Dup() (*Socket, error) {
	var dup *Socket
	err := s.do("dup", func(sysfd int) error {
		n, err := sysDup(sysfd)
		if err == nil {
			dup = newSocket(n, Family(s.family), Type(s.typ), Protocol(s.proto), s.patience(0))
			dup.flags.Or(isShared | s.flags.Load()&hasULP)
			dup.lingers() // either duplicate may set SO_LINGER
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

// Dup returns the number of a duplicate of a descriptor: Python's socket.dup(fd). The duplicate is
// close-on-exec.
//
// Errors: EBADF, EMFILE. For a negative descriptor it is an *ArgError that matches EBADF too.
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
