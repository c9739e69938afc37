package netconn

import (
	"net"
	"syscall"
	"time"

	"github.com/polluxio/pollux/sock"
)

// CloseRead shuts down the reading side: later reads return io.EOF. Most programs use Close only.
//
// Errors: net.ErrClosed, ENOTCONN.
func (c *Conn) CloseRead() error { return c.fail("close", c.socket().Shutdown(sock.SHUT_RD)) }

// CloseWrite shuts down the writing side: the peer reads everything that was written, and then
// io.EOF. The connection can still be read.
//
// Errors: net.ErrClosed, ENOTCONN.
func (c *Conn) CloseWrite() error { return c.fail("close", c.socket().Shutdown(sock.SHUT_WR)) }

// SetLinger sets what Close does with written data that has not arrived. If sec is negative, the
// system sends it in the background. If sec is 0, Close drops it and resets the connection.
// Otherwise Close may wait up to sec seconds. On a loop's goroutine the loop's pool closes the
// descriptor, so the loop does not wait.
//
// Errors: an *ArgError for more seconds than a C int has; net.ErrClosed.
func (c *Conn) SetLinger(sec int) error {
	l := sock.Linger{On: sec >= 0}
	if l.On {
		l.Time = saturated(sec)
	}
	return c.fail("set", c.socket().SetLinger(l))
}

// saturated converts seconds to a Duration, or to the longest Duration if there are too many.
func saturated(sec int) time.Duration {
	return time.Duration(min(int64(sec), int64(1<<63-1)/int64(time.Second))) * time.Second
}

// SetNoDelay sets TCP_NODELAY, tcp(7). With true, the default of a TCP connection, the system sends
// each write at once. With false, a small write may wait for the next one (Nagle's algorithm).
//
// Errors: net.ErrClosed; the system's error for a family without this option.
func (c *Conn) SetNoDelay(noDelay bool) error { return c.fail("set", setNoDelay(c.socket(), noDelay)) }

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
	return c.fail("set", c.socket().SetKeepAlive(sock.KeepAlive{On: on}))
}

// SetKeepAlivePeriod sets the time of silence before the first probe. It is rounded up to whole
// seconds.
//
// Errors: an *ArgError for a time that is not positive, or beyond the system's range;
// net.ErrClosed.
func (c *Conn) SetKeepAlivePeriod(d time.Duration) error {
	if d <= 0 {
		return c.fail("set", &ArgError{Kind: sock.ArgRange, Arg: "d", Value: d, Rule: "must be above 0"})
	}
	k, err := c.socket().KeepAlive()
	if err == nil {
		err = c.socket().SetKeepAlive(sock.KeepAlive{On: k.On, Idle: d})
	}
	return c.fail("set", err)
}

// SetKeepAliveConfig sets all values of keep-alive. As in package net, a 0 means 15 s for a time
// and 9 for the count, and a negative value leaves the system's value unchanged.
//
// Errors: an *ArgError for a number beyond the system's range; net.ErrClosed.
func (c *Conn) SetKeepAliveConfig(config net.KeepAliveConfig) error {
	return c.fail("set", setKeepAlive(c.socket(), config))
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

// orDefault returns the value for package sock: def for 0, and 0, which changes nothing, for a
// negative v.
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
	return c.fail("set", c.socket().Setsockopt(sock.SOL_SOCKET, sock.SO_RCVBUF, bytes))
}

// SetWriteBuffer sets the size of the system's send buffer in bytes: SO_SNDBUF, socket(7). Linux
// doubles it.
//
// Errors: an *ArgError for more than a C int; net.ErrClosed.
func (c *conn) SetWriteBuffer(bytes int) error {
	return c.fail("set", c.socket().Setsockopt(sock.SOL_SOCKET, sock.SO_SNDBUF, bytes))
}

// SyscallConn gives raw access to the descriptor. Its Read and Write wait as the Conn does, also in
// a task.
//
// Error: net.ErrClosed.
func (c *conn) SyscallConn() (syscall.RawConn, error) {
	raw, err := c.socket().SyscallConn()
	return raw, c.fail("raw-control", err)
}

// MultipathTCP reports whether the connection uses Multipath TCP at this time. It is false after a
// fall-back to TCP, which happens if the peer does not support it.
//
// Error: net.ErrClosed.
func (c *Conn) MultipathTCP() (bool, error) {
	if err := c.closed(); err != nil {
		return false, c.fail("get", err)
	}
	return usesMPTCP(c.socket()), nil
}

// tcpOptions sets the options that package net sets on each TCP socket: no delay, and keep-alive.
// period and config are those of a Dialer or ListenConfig; config applies if it is enabled. As in
// package net, errors are dropped: the connection works without the options.
func tcpOptions(s *sock.Socket, period time.Duration, config net.KeepAliveConfig) {
	setNoDelay(s, true)
	if !config.Enable && period >= 0 {
		config = net.KeepAliveConfig{Enable: true, Idle: period}
	}
	if config.Enable {
		setKeepAlive(s, config)
	}
}
