package main

import (
	"cmp"
	"net"
	"time"

	echoserver "github.com/polluxio/pollux/internal/echo"
	"github.com/polluxio/pollux/loop"
	"github.com/polluxio/pollux/sock"
	"github.com/polluxio/pollux/sock/protocol"
)

// servePollux echoes with pollux's sockets in one of their modes: callback, task or goroutine.
func servePollux(mode string) func(serveConfig) error {
	return func(cfg serveConfig) error {
		s, err := echoserver.Listen(echoserver.Config{
			Mode:    mode,
			Addr:    sock.Inet("127.0.0.1", 0),
			Buffer:  cfg.Buffer,
			Timeout: cfg.Timeout,
			Endless: true,
		})
		if err != nil {
			return err
		}
		addr, err := s.Addr()
		if err != nil {
			return err
		}
		cfg.Announce(addr)
		select {}
	}
}

// idleTimeout is that of the servers of package protocol: what a server in production has. -timeout
// replaces it.
const idleTimeout = time.Minute

// protocolEcho is one value for all connections.
type protocolEcho struct{ protocol.Base }

func (protocolEcho) Data(t *protocol.Transport, p []byte) int {
	t.Write(p) // an error ends the connection, and Lost gets it
	return len(p)
}

// serveProtocol echoes with callbacks of package protocol.
func serveProtocol(cfg serveConfig) error {
	s, err := protocol.NewServer(&protocol.Config{
		New:         func(*protocol.Transport) protocol.Protocol { return protocolEcho{} },
		IdleTimeout: cmp.Or(cfg.Timeout, idleTimeout),
	})
	if err != nil {
		return err
	}
	return listenAndServe(s, cfg.Announce)
}

// serveServerGo echoes with a task of package protocol for each connection.
func serveServerGo(cfg serveConfig) error {
	s, err := protocol.NewServer(&protocol.Config{IdleTimeout: cmp.Or(cfg.Timeout, idleTimeout)})
	if err != nil {
		return err
	}
	buffers := sock.NewBuffers(cfg.Buffer)
	s.Go(func(_ *loop.Task, c *sock.Socket) {
		for {
			p, err := c.RecvBuffer(buffers, 0)
			if p == nil || err != nil {
				return
			}
			_, err = c.Sendall(p, 0)
			buffers.Put(p)
			if err != nil {
				return
			}
		}
	})
	return listenAndServe(s, cfg.Announce)
}

func listenAndServe(s *protocol.Server, announce func(net.Addr)) error {
	addr, err := s.Listen(sock.Inet("127.0.0.1", 0))
	if err != nil {
		return err
	}
	announce(addr)
	select {}
}
