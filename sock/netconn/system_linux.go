package netconn

import "github.com/polluxio/pollux/sock"

// Some systems lack these; then the value is 0.
const (
	protoMPTCP      = sock.IPPROTO_MPTCP // Multipath TCP
	reusePort       = sock.SO_REUSEPORT
	fastOpen        = sock.TCP_FASTOPEN
	fastOpenConnect = sock.TCP_FASTOPEN_CONNECT
	closeOnExec     = sock.MSG_CMSG_CLOEXEC // for descriptors that are received
)

// MPTCP_INFO and its level, <linux/mptcp.h>.
const (
	solMPTCP  = 284
	mptcpInfo = 1
)

// usesMPTCP reports whether the connection uses Multipath TCP. After a fall-back to TCP, MPTCP_INFO
// fails with EOPNOTSUPP; on a TCP socket it fails with ENOPROTOOPT.
func usesMPTCP(s *sock.Socket) bool {
	if s.Proto() != protoMPTCP {
		return false
	}
	_, err := s.GetsockoptBytes(solMPTCP, mptcpInfo, 4)
	return err == nil
}
