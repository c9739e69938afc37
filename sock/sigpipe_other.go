//go:build !linux

package sock

func (s *core) sendto(sysfd int, p []byte, flags int, sa []byte) (int, error) {
	return sysSendto(sysfd, p, flags, sa)
}
