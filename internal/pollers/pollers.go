// Package pollers has pollers for tests. They are one-shot, which none of Linux's own is: an event
// for a direction uses it up, and Arm asks for it again. So the part of the contract that Windows
// depends on is tested on Linux too.
package pollers

import (
	"fmt"
	"os"
	"time"

	"github.com/polluxio/pollux"
)

// A Poller has the methods of *pollux.Poller, and its contract.
type Poller interface {
	Add(fd int, token pollux.Token) error
	Arm(fd int, token pollux.Token, want pollux.Ready) error
	Delete(fd int, token pollux.Token) error
	Wait(events []pollux.Event, timeout time.Duration) (int, error)
	Wake() error
	Close() error
	OneShot() bool
	Yield() error
	Crowded() time.Duration
}

var _ Poller = (*pollux.Poller)(nil)

// variable names the poller of a test run.
const variable = "POLLUX_TEST_POLLER"

// FromEnv returns what makes the poller that the environment variable POLLUX_TEST_POLLER names:
// "oneshot" (EPOLLONESHOT) or "poll" (poll(2)). It returns nil if the variable is empty or not set.
// Any other value gives a function that fails.
func FromEnv() func() (Poller, error) {
	switch name := os.Getenv(variable); name {
	case "":
		return nil
	case "oneshot":
		return OneShot
	case "poll":
		return Poll
	default:
		return func() (Poller, error) {
			return nil, fmt.Errorf("%s=%s: no such poller; want oneshot or poll", variable, name)
		}
	}
}
