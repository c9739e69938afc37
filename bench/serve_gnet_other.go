//go:build !linux

package main

import (
	"errors"
	"fmt"
	"runtime"
)

// serveGnet is for Linux only, because only Linux is measured.
func serveGnet(serveConfig) error {
	return fmt.Errorf("gnet on %s: %w", runtime.GOOS, errors.ErrUnsupported)
}

func serveGnetUDP(cfg serveConfig) error   { return serveGnet(cfg) }
func serveGnetRedis(cfg serveConfig) error { return serveGnet(cfg) }
func serveGnetWork(cfg serveConfig) error  { return serveGnet(cfg) }

func withoutGnet() {}
