package sock

import "golang.org/x/sys/unix"

// refusesNosignal says whether the family takes no flag but MSG_DONTWAIT, so not MSG_NOSIGNAL either; it raises no signal. AF_RDS says
// EOPNOTSUPP (rds_sendmsg of net/rds/send.c), AF_QIPCRTR EINVAL (qrtr_sendmsg of net/qrtr/af_qrtr.c).
func (s *core) refusesNosignal() bool { return s.family == AF_RDS || s.family == AF_QIPCRTR }

// sendFlags are flags, and with them no send raises SIGPIPE.
func (s *core) sendFlags(flags int) int {
	if s.refusesNosignal() {
		return flags
	}
	return flags | unix.MSG_NOSIGNAL
}

func (s *core) sendto(sysfd int, p []byte, flags int, sa []byte) (int, error) {
	if s.refusesNosignal() {
		return sysSendFlags(sysfd, p, flags, sa)
	}
	return sysSendto(sysfd, p, flags, sa)
}
