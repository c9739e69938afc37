package netconn

import "github.com/polluxio/pollux/sock"

// Some systems lack these; then the value is 0.
const (
	protoMPTCP      = 0
	reusePort       = sock.SO_REUSEPORT_LB
	fastOpen        = 0
	fastOpenConnect = 0
	closeOnExec     = sock.MSG_CMSG_CLOEXEC
)

func usesMPTCP(*sock.Socket) bool { return false }
