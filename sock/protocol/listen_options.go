package protocol

import (
	"runtime"
	"time"

	"github.com/polluxio/pollux/families"
	"github.com/polluxio/pollux/sock"
)

// canReusePort says whether several sockets can listen at an address and share what comes.
func canReusePort(a sock.Addr) bool {
	f := familyOf(a)
	return runtime.GOOS == "linux" && (f == sock.AF_INET || f == sock.AF_INET6)
}

// keepAlive has the system probe a silent peer after d. A system that cannot is as before.
func keepAlive(s *sock.Socket, d time.Duration) {
	s.SetKeepAlive(sock.KeepAlive{On: true, Idle: d})
}

func familyOf(a sock.Addr) sock.Family { return sock.Family(families.Host.FamilyOf(a)) }
