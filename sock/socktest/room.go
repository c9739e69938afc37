package socktest

import (
	"syscall"
	"testing"

	"github.com/polluxio/pollux/internal/systems"
	"github.com/polluxio/pollux/sock"
)

// full returns what a send of this kind returns if the queue is full, and does not wait.
func (k Kind) full() systems.Errnos {
	q := systems.SendToFullUnixQueue
	switch k {
	case UnixDatagram:
	case UnixSeqpacket:
		q = systems.SendToFullPackets
	default:
		return systems.Errnos{syscall.EAGAIN}
	}
	set, ok := systems.Here(q).Errnos()
	if !ok { // this system has no such sockets
		return systems.Errnos{syscall.EAGAIN}
	}
	return set
}

// WaitsForRoom reports whether a send of this kind waits for room in a full queue. On some systems
// it fails, also if it may block.
func (k Kind) WaitsForRoom() bool { return k.full().Has(syscall.EAGAIN) }

// SendPatiently sends a message. If that fails because the queue is full, it tries again.
func (k Kind) SendPatiently(t testing.TB, s *sock.Socket, p []byte) {
	t.Helper()
	var err error
	Await(t, "room in the queue", func() bool {
		_, err = s.Send(p, 0)
		return err == nil || k.WaitsForRoom() || !k.full().Has(err)
	})
	Must(t, err)
}
