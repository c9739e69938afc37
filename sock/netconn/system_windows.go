package netconn

import "github.com/polluxio/pollux/sock"

// Some systems lack these; then the value is 0.
const (
	protoMPTCP      = 0
	reusePort       = 0
	fastOpen        = 0
	fastOpenConnect = 0
	closeOnExec     = 0
)

func usesMPTCP(*sock.Socket) bool { return false }
