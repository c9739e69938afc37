//go:build !unix

package protocol

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"runtime"

	"github.com/polluxio/pollux/sock"
)

// ErrNotReady is returned by HandOver when the successor ended before it was ready.
var ErrNotReady = errors.New("protocol: hand over: the successor has ended before it was ready")

// Inherited returns nothing: this system has no such inheritance.
func Inherited() ([]*sock.Socket, error) { return nil, nil }

// NotifyReady does nothing: this system has no such inheritance.
func NotifyReady() error { return nil }

// HandOver returns errors.ErrUnsupported.
func (s *Server) HandOver(context.Context, *exec.Cmd) error {
	return fmt.Errorf("protocol: hand over on %s: %w", runtime.GOOS, errors.ErrUnsupported)
}
