package sock_test

import (
	"maps"
	"net"
	"strings"

	"github.com/polluxio/pollux/sock"
	"github.com/polluxio/pollux/sock/socktest"
)

// The rules for methods of single families on a closed socket.
func init() {
	closed := func(call func(*sock.Socket) error) closedRule {
		return closedRule{func(s *sock.Socket, _ socktest.Operations) error { return call(s) }, net.ErrClosed}
	}
	maps.Copy(closedRules, map[string]closedRule{
		"InterfaceOf": {func(s *sock.Socket, _ socktest.Operations) error {
			return check(s.InterfaceOf(sock.Packet("", 0).WithScope(1)) == "", "it has an interface")
		}, nil},
		"SendmsgAfalg": {func(s *sock.Socket, _ socktest.Operations) error {
			_, err := s.SendmsgAfalg(nil, 0, nil, 0, 0)
			return check(err != nil && strings.Contains(err.Error(), "algset is only supported for AF_ALG"), "it encrypts")
		}, nil},
		"GetsockoptUint64":       closed(func(s *sock.Socket) error { _, err := s.GetsockoptUint64(sock.SOL_SOCKET, sock.SO_TYPE); return err }),
		"SetsockoptUint64":       closed(func(s *sock.Socket) error { return s.SetsockoptUint64(sock.SOL_SOCKET, sock.SO_TYPE, 1) }),
		"SetVsockConnectTimeout": closed(func(s *sock.Socket) error { return s.SetVsockConnectTimeout(1) }),
		"ICMP6Filter":            closed(func(s *sock.Socket) error { _, err := s.ICMP6Filter(); return err }),
		"SetICMP6Filter":         closed(func(s *sock.Socket) error { return s.SetICMP6Filter(sock.ICMP6Filter{}) }),
		"SetICMPFilter":          closed(func(s *sock.Socket) error { return s.SetICMPFilter(0) }),
	})
}
