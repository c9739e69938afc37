//go:build !linux

package sock

// splice would be Splice without a copy. No other system has a call for it that serves two sockets.
func (s *Socket) splice(*Socket, int64) (int64, error) { return 0, errNoSplice }
