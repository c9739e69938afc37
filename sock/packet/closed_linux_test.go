package packet_test

import (
	"testing"

	"github.com/polluxio/pollux/sock"
	"github.com/polluxio/pollux/sock/packet"
	"github.com/polluxio/pollux/sock/socktest"
)

func TestClosed(t *testing.T) {
	socktest.Closed(t, map[string]func(*sock.Socket) error{
		"Join":       func(s *sock.Socket) error { return packet.Join(s, "lo", packet.PACKET_MR_PROMISC, nil) },
		"Leave":      func(s *sock.Socket) error { return packet.Leave(s, "lo", packet.PACKET_MR_PROMISC, nil) },
		"Fanout":     func(s *sock.Socket) error { return packet.Fanout(s, 1, 0) },
		"Statistics": func(s *sock.Socket) error { _, err := packet.Statistics(s); return err },
		"SetAuxdata": func(s *sock.Socket) error { return packet.SetAuxdata(s, true) },
		"NewRing":    func(s *sock.Socket) error { _, err := packet.NewRing(s, nil); return err },
	})
}
