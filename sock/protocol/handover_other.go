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

// ErrNotReady is returned by HandOver if the successor ends before it is ready.
var ErrNotReady = errors.New("protocol: hand over: the successor has ended before it was ready")

// Inherited returns the listeners that systemd, or HandOver of the predecessor, has passed to this
// process, in their order. Give each to Server.Serve. The result is empty if there are no such
// listeners, and at a second call.
//
// Errors: an environment variable that is not a number; a descriptor that is not a socket. Then the
// descriptors stay as they are.
func Inherited() ([]*sock.Socket, error) { return nil, nil }

// NotifyReady reports to the predecessor that this process serves, if HandOver has started this
// process. HandOver waits for that. Call it once the server listens on the result of Inherited.
// Without a predecessor it does nothing.
func NotifyReady() error { return nil }

// HandOver starts a successor process with the listeners of this one. It returns when the successor
// has called NotifyReady. From then on both processes accept, and after Shutdown only the
// successor. No connection in the backlog is lost. cmd has the program, its arguments and its
// environment (nil: that of this process); its ExtraFiles must be empty. HandOver starts cmd, and
// the caller waits for it.
//
// Errors: those of exec.Cmd.Start; ErrNotReady if the successor ends, or closes its end, before it
// is ready; the cause of ctx; net.ErrClosed after Shutdown and Close; loop.ErrOnLoop in a callback.
// After an error the successor has ended, HandOver has waited for it, and this process serves
// alone.
func (s *Server) HandOver(context.Context, *exec.Cmd) error {
	return fmt.Errorf("protocol: hand over on %s: %w", runtime.GOOS, errors.ErrUnsupported)
}
