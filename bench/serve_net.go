package main

import (
	"net"
	"time"
)

// serveNet echoes with package net as most programs use it: a goroutine and a buffer for each
// connection. A larger buffer would not be fairer: it would cost memory at idle and gain nothing,
// since it already holds all that is in flight on a connection.
func serveNet(cfg serveConfig) error {
	return acceptAll(cfg, func(c net.Conn) { echoNet(c, cfg) })
}

// acceptAll runs handle for each connection on a goroutine of its own.
func acceptAll(cfg serveConfig, handle func(net.Conn)) error {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	cfg.Announce(l.Addr())
	for {
		c, err := l.Accept()
		if err != nil {
			return err
		}
		go handle(c)
	}
}

func echoNet(c net.Conn, cfg serveConfig) {
	defer c.Close()
	buf := make([]byte, cfg.Buffer)
	for {
		if cfg.Timeout > 0 {
			c.SetReadDeadline(time.Now().Add(cfg.Timeout)) // fails only once closed; Read says so then
		}
		n, err := c.Read(buf)
		if err != nil {
			return
		}
		if _, err := c.Write(buf[:n]); err != nil {
			return
		}
	}
}
