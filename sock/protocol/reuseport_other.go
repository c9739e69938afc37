//go:build !linux

package protocol

import "github.com/polluxio/pollux/sock"

// setReusePort is not called: see canReusePort.
func setReusePort(*sock.Socket) error { return nil }
