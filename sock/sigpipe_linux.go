package sock

import "golang.org/x/sys/unix"

// sendFlags are flags, and with them no send raises SIGPIPE. Two families take no flag but MSG_DONTWAIT, and raise no signal: of another
// AF_RDS says EOPNOTSUPP (rds_sendmsg of net/rds/send.c), AF_QIPCRTR EINVAL (qrtr_sendmsg of net/qrtr/af_qrtr.c).
func (s *core) sendFlags(flags int) int {
	if s.family == AF_RDS || s.family == AF_QIPCRTR {
		return flags
	}
	return flags | unix.MSG_NOSIGNAL
}
