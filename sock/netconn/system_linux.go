package netconn

import "github.com/polluxio/pollux/sock"

// What not every system has; 0 is what it lacks.
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

// usesMPTCP says whether the connection has not fallen back to TCP: then MPTCP_INFO fails, with
// EOPNOTSUPP, or with ENOPROTOOPT on a socket of TCP.
func usesMPTCP(s *sock.Socket) bool {
	if s.Proto() != protoMPTCP {
		return false
	}
	_, err := s.GetsockoptBytes(solMPTCP, mptcpInfo, 4)
	return err == nil
}
