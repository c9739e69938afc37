//go:build darwin || freebsd || netbsd || openbsd || dragonfly

package pollux

import (
	"errors"
	"fmt"
	"runtime"
	"time"
)

// backend on the kqueue systems: nothing yet, and it says so when a Poller is made. The other
// methods are never reached.
type backend struct{}

var errNoPoller = fmt.Errorf("pollux: no kqueue poller on %s yet: %w", runtime.GOOS, errors.ErrUnsupported)

func (*backend) open(*Config) error                       { return errNoPoller }
func (*backend) oneShot() bool                            { return false }
func (*backend) crowded() time.Duration                   { return 0 }
func (*backend) yield() error                             { return errNoPoller }
func (*backend) add(int, Token) error                     { return errNoPoller }
func (*backend) arm(int, Token, Ready) error              { return errNoPoller }
func (*backend) delete(int, Token) error                  { return errNoPoller }
func (*backend) wait([]Event, time.Duration) (int, error) { return 0, errNoPoller }
func (*backend) wake() error                              { return errNoPoller }
func (*backend) close() error                             { return errNoPoller }
