package can_test

import (
	"testing"

	"github.com/polluxio/pollux/sock"
	"github.com/polluxio/pollux/sock/can"
	"github.com/polluxio/pollux/sock/socktest"
)

func TestClosed(t *testing.T) {
	socktest.Closed(t, map[string]func(*sock.Socket) error{
		"SetFilters":          func(s *sock.Socket) error { return can.SetFilters(s) },
		"GetFilters":          func(s *sock.Socket) error { _, err := can.GetFilters(s); return err },
		"SetErrorFilter":      func(s *sock.Socket) error { return can.SetErrorFilter(s, 1) },
		"GetErrorFilter":      func(s *sock.Socket) error { _, err := can.GetErrorFilter(s); return err },
		"SetNetwork":          func(s *sock.Socket) error { return can.SetNetwork(s, can.Network{}) },
		"GetNetwork":          func(s *sock.Socket) error { _, err := can.GetNetwork(s); return err },
		"SetISOTPOptions":     func(s *sock.Socket) error { return can.SetISOTPOptions(s, can.ISOTPOptions{}) },
		"GetISOTPOptions":     func(s *sock.Socket) error { _, err := can.GetISOTPOptions(s); return err },
		"SetISOTPFlowControl": func(s *sock.Socket) error { return can.SetISOTPFlowControl(s, can.ISOTPFlowControl{}) },
		"GetISOTPFlowControl": func(s *sock.Socket) error { _, err := can.GetISOTPFlowControl(s); return err },
		"SetISOTPLinkLayer":   func(s *sock.Socket) error { return can.SetISOTPLinkLayer(s, can.ISOTPLinkLayer{}) },
		"GetISOTPLinkLayer":   func(s *sock.Socket) error { _, err := can.GetISOTPLinkLayer(s); return err },
		"SetISOTPTxSTmin":     func(s *sock.Socket) error { return can.SetISOTPTxSTmin(s, 0) },
		"SetISOTPRxSTmin":     func(s *sock.Socket) error { return can.SetISOTPRxSTmin(s, 0) },
		"SetJ1939Filters":     func(s *sock.Socket) error { return can.SetJ1939Filters(s) },
	})
}
