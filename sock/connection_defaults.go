package sock

import "time"

// A Switch turns a setting on or off, or leaves its default.
type Switch uint8

const (
	Default Switch = iota // the default of the setting
	On
	Off
)

// defaultKeepAlive has the values of package net (net.KeepAliveConfig).
var defaultKeepAlive = KeepAlive{On: true, Idle: 15 * time.Second, Interval: 15 * time.Second, Count: 9}

// setConnection applies TCP_NODELAY and keep-alive to a TCP socket, from the configuration or by
// default. It does nothing on other sockets. It ignores an error of the system for a default.
func (s *Socket) setConnection(noDelay Switch, keepAlive *KeepAlive) error {
	if !s.isTCP() {
		return nil
	}
	if noDelay != Off {
		if err := s.setInt("TCP_NODELAY", IPPROTO_TCP, TCP_NODELAY, 1); err != nil && noDelay == On {
			return err
		}
	}
	if keepAlive != nil {
		return s.SetKeepAlive(*keepAlive)
	}
	if s.SetKeepAlive(defaultKeepAlive) != nil {
		s.SetKeepAlive(KeepAlive{On: true}) // OpenBSD has no keep-alive times for a single socket
	}
	return nil
}
