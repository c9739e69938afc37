//go:build !linux

package sock

// splice returns errNoSplice: only Linux has such a call for two sockets.
func (s *Socket) splice(*Socket, int64) (int64, error) { return 0, errNoSplice }
