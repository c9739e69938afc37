package main

import (
	"crypto/tls"
	"fmt"

	"github.com/polluxio/pollux/loop"
	"github.com/polluxio/pollux/sock"
	"github.com/polluxio/pollux/sock/tlsconn"
)

// tlsPollux serves by package tlsconn on one loop.
func tlsPollux(mode string, cfg *tls.Config) (string, error) {
	r, err := loop.NewReactor(&loop.Config{Loops: 1})
	if err != nil {
		return "", err
	}
	l := r.Next()
	ln, err := sock.CreateServer(sock.Inet("127.0.0.1", 0), &sock.ServerConfig{Backlog: 1024})
	if err != nil {
		return "", err
	}
	at, err := ln.Getsockname()
	if err != nil {
		return "", err
	}
	config := &tlsconn.Config{TLS: cfg, OffLoop: mode == "offloop"}
	if mode == "compact" {
		config.Layer = tlsconn.Compact
	}
	serve, ok := map[string]func(c *tlsconn.Conn){
		"goroutine": func(c *tlsconn.Conn) { go echoOn(c) },
		"task":      func(c *tlsconn.Conn) { l.Go(func(t *loop.Task) { echoOn(c.In(t)) }) },
		"callback":  func(c *tlsconn.Conn) { c.Watch(l, &tlsEcho{l}) },
		"offloop":   func(c *tlsconn.Conn) { c.Watch(l, &tlsEcho{l}) },
		"compact":   func(c *tlsconn.Conn) { c.Watch(l, &tlsEcho{l}) },
	}[mode]
	if !ok {
		return "", fmt.Errorf("tlsserver: no server %q", mode)
	}
	l.Go(func(t *loop.Task) {
		for {
			s, _, err := ln.In(t).Accept()
			if err != nil {
				return
			}
			s.Setsockopt(sock.IPPROTO_TCP, sock.TCP_NODELAY, 1) // as package net does
			c, err := tlsconn.Server(s.In(nil), config)
			if err != nil {
				s.Close()
				return
			}
			serve(c)
		}
	})
	return at.String(), nil
}

// tlsEcho is the handler of all connections. Messages are small, and the peers read: so a Write
// that does not fit ends the connection.
type tlsEcho struct{ l *loop.Loop }

func (h *tlsEcho) Handshaked(*tlsconn.Conn)    {}
func (h *tlsEcho) Writable(*tlsconn.Conn)      {}
func (h *tlsEcho) Closed(*tlsconn.Conn, error) {}
func (h *tlsEcho) Readable(c *tlsconn.Conn) {
	p := h.l.Buffer()
	n, err := c.Read(p)
	if err == nil {
		_, err = c.Write(p[:n])
	} else if err == sock.ErrWouldBlock {
		return
	}
	if err != nil {
		c.Close()
	}
}
