//go:build !linux

package sock

const solRDS = 276 // of Linux: no other system sends such items

// RDSInfo exists on Linux only: the error wraps errors.ErrUnsupported.
func (s *Socket) RDSInfo(int) ([][]byte, error) {
	return nil, s.fail("getsockopt", Addr{}, lacks("AF_RDS"))
}
