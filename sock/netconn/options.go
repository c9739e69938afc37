package netconn

import (
	"net"
	"syscall"
	"time"

	"github.com/polluxio/pollux/sock"
)

// CloseRead shuts the reading side down: later reads give io.EOF. Most programs just use Close.
//
// Errors: net.ErrClosed, ENOTCONN.
func (c *Conn) CloseRead() error { return c.fail("close", c.s.Shutdown(sock.SHUT_RD)) }

// CloseWrite shuts the writing side down: the peer reads what was written, and then io.EOF. Reading
// goes on.
//
// Errors: net.ErrClosed, ENOTCONN.
func (c *Conn) CloseWrite() error { return c.fail("close", c.s.Shutdown(sock.SHUT_WR)) }

// SetLinger sets what Close does with what was written and has not arrived: a negative sec leaves
// it to the system in the background, 0 drops it and resets the connection, else Close may wait for
// so many seconds. A Close that waits holds up a loop on whose goroutine it is made.
//
// Errors: an *ArgError for more seconds than a C int has; net.ErrClosed.
func (c *Conn) SetLinger(sec int) error {
	l := sock.Linger{On: sec >= 0}
	if l.On {
		l.Time = saturated(sec)
	}
	return c.fail("set", c.s.SetLinger(l))
}

// saturated is so many seconds, or the longest time that there is.
func saturated(sec int) time.Duration {
	return time.Duration(min(int64(sec), int64(1<<63-1)/int64(time.Second))) * time.Second
}

// SetNoDelay sets whether a write is sent at once (true, which a TCP connection begins with), or
// may wait to be sent with a later one (Nagle's algorithm). TCP_NODELAY, tcp(7).
//
// Errors: net.ErrClosed; what the system says for a family that has no such option.
func (c *Conn) SetNoDelay(noDelay bool) error { return c.fail("set", setNoDelay(c.s, noDelay)) }

func setNoDelay(s *sock.Socket, on bool) error {
	value := 0
	if on {
		value = 1
	}
	return s.Setsockopt(sock.IPPROTO_TCP, sock.TCP_NODELAY, value)
}

// SetKeepAlive sets whether the system probes a silent connection.
//
// Error: net.ErrClosed.
func (c *Conn) SetKeepAlive(on bool) error {
	return c.fail("set", c.s.SetKeepAlive(sock.KeepAlive{On: on}))
}

// SetKeepAlivePeriod sets how long nothing comes before the first probe, rounded up to whole
// seconds.
//
// Errors: an *ArgError for a time that is not above 0 or beyond the system's range; net.ErrClosed.
func (c *Conn) SetKeepAlivePeriod(d time.Duration) error {
	if d <= 0 {
		return c.fail("set", &ArgError{Kind: sock.ArgRange, Arg: "d", Value: d, Rule: "must be above 0"})
	}
	k, err := c.s.KeepAlive()
	if err == nil {
		err = c.s.SetKeepAlive(sock.KeepAlive{On: k.On, Idle: d})
	}
	return c.fail("set", err)
}

// SetKeepAliveConfig sets all of keep-alive. As in package net a time or count of 0 is 15 s, 15 s
// and 9, and a negative one leaves the system's value.
//
// Errors: an *ArgError for a number beyond the system's range; net.ErrClosed.
func (c *Conn) SetKeepAliveConfig(config net.KeepAliveConfig) error {
	return c.fail("set", setKeepAlive(c.s, config))
}

// The values of package net: defaultTCPKeepAliveIdle, defaultTCPKeepAliveInterval and
// defaultTCPKeepAliveCount.
const (
	keepAliveIdle     = 15 * time.Second
	keepAliveInterval = 15 * time.Second
	keepAliveCount    = 9
)

func setKeepAlive(s *sock.Socket, config net.KeepAliveConfig) error {
	return s.SetKeepAlive(sock.KeepAlive{
		On:       config.Enable,
		Idle:     orDefault(config.Idle, keepAliveIdle),
		Interval: orDefault(config.Interval, keepAliveInterval),
		Count:    orDefault(config.Count, keepAliveCount),
	})
}

// orDefault returns what sock takes: def for 0, and 0, which changes nothing, for a negative v.
func orDefault[T int | time.Duration](v, def T) T {
	switch {
	case v == 0:
		return def
	case v < 0:
		return 0
	}
	return v
}

// SetReadBuffer sets the size of the system's receive buffer in bytes: SO_RCVBUF, socket(7). Linux
// doubles it.
//
// Errors: an *ArgError for more than a C int; net.ErrClosed.
func (c *conn) SetReadBuffer(bytes int) error {
	return c.fail("set", c.s.Setsockopt(sock.SOL_SOCKET, sock.SO_RCVBUF, bytes))
}

// SetWriteBuffer sets the size of the system's send buffer in bytes: SO_SNDBUF, socket(7). Linux
// doubles it.
//
// Errors: an *ArgError for more than a C int; net.ErrClosed.
func (c *conn) SetWriteBuffer(bytes int) error {
	return c.fail("set", c.s.Setsockopt(sock.SOL_SOCKET, sock.SO_SNDBUF, bytes))
}

// SyscallConn gives raw access to the descriptor. Its Read and Write wait as the Conn does, in a
// task too.
//
// Error: net.ErrClosed.
func (c *conn) SyscallConn() (syscall.RawConn, error) {
	raw, err := c.s.SyscallConn()
	return raw, c.fail("raw-control", err)
}

// MultipathTCP reports whether the connection goes by Multipath TCP just now. It is false after a
// fall-back to TCP, which a peer without it causes.
//
// Error: net.ErrClosed.
func (c *Conn) MultipathTCP() (bool, error) {
	if err := c.closed(); err != nil {
		return false, c.fail("get", err)
	}
	return usesMPTCP(c.s), nil
}

// tcpOptions sets on a TCP socket what package net sets on each: no delay, and keep-alive. period
// is that of a Dialer or ListenConfig, of which config counts if it is enabled. Errors are left
// alone, as there: the connection works without.
func tcpOptions(s *sock.Socket, period time.Duration, config net.KeepAliveConfig) {
	setNoDelay(s, true)
	if !config.Enable && period >= 0 {
		config = net.KeepAliveConfig{Enable: true, Idle: period}
	}
	if config.Enable {
		setKeepAlive(s, config)
	}
}
