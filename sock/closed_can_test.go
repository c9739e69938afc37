package sock_test

import (
	"maps"
	"net"

	"github.com/polluxio/pollux/sock"
	"github.com/polluxio/pollux/sock/socktest"
)

// What the methods for AF_CAN do on a closed socket.
func init() {
	closed := func(call func(*sock.Socket) error) closedRule {
		return closedRule{func(s *sock.Socket, _ socktest.Operations) error { return call(s) }, net.ErrClosed}
	}
	maps.Copy(closedRules, map[string]closedRule{
		"SetCANFilters":       closed(func(s *sock.Socket) error { return s.SetCANFilters() }),
		"CANFilters":          closed(func(s *sock.Socket) error { _, err := s.CANFilters(); return err }),
		"SetCANErrorFilter":   closed(func(s *sock.Socket) error { return s.SetCANErrorFilter(1) }),
		"CANErrorFilter":      closed(func(s *sock.Socket) error { _, err := s.CANErrorFilter(); return err }),
		"SetCANNetwork":       closed(func(s *sock.Socket) error { return s.SetCANNetwork(sock.CANNetwork{}) }),
		"CANNetwork":          closed(func(s *sock.Socket) error { _, err := s.CANNetwork(); return err }),
		"SetISOTPOptions":     closed(func(s *sock.Socket) error { return s.SetISOTPOptions(sock.ISOTPOptions{}) }),
		"ISOTPOptions":        closed(func(s *sock.Socket) error { _, err := s.ISOTPOptions(); return err }),
		"SetISOTPFlowControl": closed(func(s *sock.Socket) error { return s.SetISOTPFlowControl(sock.ISOTPFlowControl{}) }),
		"ISOTPFlowControl":    closed(func(s *sock.Socket) error { _, err := s.ISOTPFlowControl(); return err }),
		"SetISOTPLinkLayer":   closed(func(s *sock.Socket) error { return s.SetISOTPLinkLayer(sock.ISOTPLinkLayer{}) }),
		"ISOTPLinkLayer":      closed(func(s *sock.Socket) error { _, err := s.ISOTPLinkLayer(); return err }),
		"SetISOTPTxSTmin":     closed(func(s *sock.Socket) error { return s.SetISOTPTxSTmin(0) }),
		"SetISOTPRxSTmin":     closed(func(s *sock.Socket) error { return s.SetISOTPRxSTmin(0) }),
		"SetJ1939Filters":     closed(func(s *sock.Socket) error { return s.SetJ1939Filters() }),
	})
}
