package main

import (
	echoserver "github.com/polluxio/pollux/internal/echo"
	"github.com/polluxio/pollux/sock"
)

// servePollux echoes with pollux in one of its modes: callback, task or goroutine. It announces
// its address through cfg.Announce and returns only if it fails.
func servePollux(mode string, cfg serveConfig) error {
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
