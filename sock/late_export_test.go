package sock

import "github.com/polluxio/pollux/loop"

// EndAfterEAGAIN is what a receive of s does after EAGAIN, on a socket that has been shut down.
func EndAfterEAGAIN(s *Socket) error {
	c := s.call(loop.Read, 0)
	if err := s.fd.Begin(&c); err != nil {
		return err
	}
	defer s.fd.End(&c, &loop.Outcome{}, nil)
	c.HungUp = true
	err := s.receiveEnd(&c, 0, new(loop.Outcome))
	return err
}
