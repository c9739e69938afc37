package sock

import "time"

// A Switch is a setting that has a default.
type Switch uint8

const (
	Default Switch = iota // what the setting says
	On
	Off
)

// defaultKeepAlive has the figures of package net (net.KeepAliveConfig).
var defaultKeepAlive = KeepAlive{On: true, Idle: 15 * time.Second, Interval: 15 * time.Second, Count: 9}

// setConnection gives a TCP socket what connections have by default or as a configuration says; for
// a socket of another kind it does nothing. A default that the system refuses is no error.
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
		s.SetKeepAlive(KeepAlive{On: true}) // OpenBSD has no times for a single socket
	}
	return nil
}
