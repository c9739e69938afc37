// Package pollers has one-shot pollers for tests: an event uses up its direction, and Arm asks for
// it again. Linux's own poller is not one-shot, but Windows depends on this part of the contract.
// With these pollers it is tested on Linux too.
package pollers

import (
	"fmt"
	"os"
	"time"

	"github.com/polluxio/pollux"
)

// A Poller has the methods and the contract of *pollux.Poller.
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

// variable is the environment variable that names the poller of a test run.
const variable = "POLLUX_TEST_POLLER"

// FromEnv returns the function that makes the poller which the environment variable
// POLLUX_TEST_POLLER names: "oneshot" (EPOLLONESHOT) or "poll" (poll(2)). It returns nil if the
// variable is empty or not set. Any other value gives a function that fails.
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
