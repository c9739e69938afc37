package tipc_test

import (
	"testing"

	"github.com/polluxio/pollux/sock"
	"github.com/polluxio/pollux/sock/socktest"
	"github.com/polluxio/pollux/sock/tipc"
)

func TestClosed(t *testing.T) {
	socktest.Closed(t, map[string]func(*sock.Socket) error{
		"JoinGroup":  func(s *sock.Socket) error { return tipc.JoinGroup(s, tipc.Group{}) },
		"LeaveGroup": tipc.LeaveGroup,
		"NodeID":     func(s *sock.Socket) error { _, err := tipc.NodeID(s, 0); return err },
		"LinkName":   func(s *sock.Socket) error { _, err := tipc.LinkName(s, 0, 0); return err },
	})
}
