package netlink_test

import (
	"testing"

	"github.com/polluxio/pollux/sock"
	"github.com/polluxio/pollux/sock/netlink"
	"github.com/polluxio/pollux/sock/socktest"
)

func TestClosed(t *testing.T) {
	socktest.Closed(t, map[string]func(*sock.Socket) error{
		"JoinGroup":      func(s *sock.Socket) error { return netlink.JoinGroup(s, 1) },
		"LeaveGroup":     func(s *sock.Socket) error { return netlink.LeaveGroup(s, 1) },
		"LinkAddresses":  func(s *sock.Socket) error { _, err := netlink.LinkAddresses(s); return err },
		"Links":          func(s *sock.Socket) error { _, err := netlink.Links(s); return err },
		"SetExtendedAck": func(s *sock.Socket) error { return netlink.SetExtendedAck(s, true) },
		"SetStrictCheck": func(s *sock.Socket) error { return netlink.SetStrictCheck(s, true) },
		"Do": func(s *sock.Socket) (err error) {
			for _, err = range netlink.Do(s, netlink.Request{}) {
			}
			return err
		},
	})
}
