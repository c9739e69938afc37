package netconn

import "github.com/polluxio/pollux/sock"

// What not every system has; 0 is what it lacks.
const (
	protoMPTCP      = 0
	reusePort       = 0
	fastOpen        = 0
	fastOpenConnect = 0
	closeOnExec     = 0
)

func usesMPTCP(*sock.Socket) bool { return false }
