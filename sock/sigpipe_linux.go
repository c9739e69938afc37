package sock

import "golang.org/x/sys/unix"

// noSigpipe is the flag that keeps a send on s from raising SIGPIPE. Two families refuse it, as they do every flag but MSG_DONTWAIT,
// and raise no signal: RDS with EOPNOTSUPP (rds_sendmsg of net/rds/send.c), QIPCRTR with EINVAL (qrtr_sendmsg of
// net/qrtr/af_qrtr.c).
func (s *core) noSigpipe() int {
	if s.family == AF_RDS || s.family == AF_QIPCRTR {
		return 0
	}
	return unix.MSG_NOSIGNAL
}

func (s *core) sendto(sysfd int, p []byte, flags int, sa []byte) (int, error) {
	return sysSendFlags(sysfd, p, flags|s.noSigpipe(), sa)
}
