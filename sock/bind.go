package sock

import "github.com/polluxio/pollux/loop"

// Bind wraps bind(2). If the host of a is a name, Bind resolves it first.
//
// Errors: an *families.AddrError for a bad address, a *GaiError for a host that is not found,
// EADDRINUSE, EACCES, EINVAL.
func (s *Socket) Bind(a Addr) error {
	return s.fail("bind", a, s.bind(a))
}

func (s *Socket) bind(a Addr) error {
	o := s.newOp(loop.Write, nil)
	defer o.done()
	if err := s.encode(o, a); err != nil {
		return err
	}
	sysfd, err := s.fd.Acquire()
	if err != nil {
		return err
	}
	defer s.fd.Release()
	return sysBind(sysfd, o.sa[:o.salen])
}
