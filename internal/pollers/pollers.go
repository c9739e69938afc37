// Package pollers has pollers for tests on Linux. OneShot and Poll are one-shot, which none of
// Linux's own is: an event for a direction uses it up, and Arm asks for it again. So the part of
// the contract that Windows depends on is tested on Linux too. KqueueUser and KqueuePipe are the
// pollers of macOS and the BSDs over a model of kqueue.
package pollers

import (
	"fmt"
	"maps"
	"os"
	"slices"
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

// named are the pollers that FromEnv knows.
var named = map[string]func() (Poller, error){
	"oneshot":     OneShot,
	"poll":        Poll,
	"kqueue":      func() (Poller, error) { return KqueueUser(pollux.Park) },
	"kqueue-pipe": func() (Poller, error) { return KqueuePipe(pollux.Park) },
}

// FromEnv returns what makes the poller that the environment variable POLLUX_TEST_POLLER names:
// "oneshot" (EPOLLONESHOT), "poll" (poll(2)), "kqueue" or "kqueue-pipe" (a model of kqueue). It
// returns nil if the variable is empty or not set. Any other value gives a function that fails.
func FromEnv() func() (Poller, error) {
	name := os.Getenv(variable)
	if name == "" {
		return nil
	}
	if open := named[name]; open != nil {
		return open
	}
	return func() (Poller, error) {
		return nil, fmt.Errorf("%s=%s: no such poller; want one of %v", variable, name, slices.Sorted(maps.Keys(named)))
	}
}
