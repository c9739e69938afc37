// Package pollers has pollers for tests on Linux. OneShot and Poll are one-shot: an event uses up
// its direction, and Arm asks for it again. Linux's own poller is not one-shot, but Windows depends
// on this part of the contract. With these pollers it is tested on Linux too. KqueueUser and
// KqueuePipe are the pollers of macOS and the BSDs over a model of kqueue.
package pollers

import (
	"fmt"
	"maps"
	"os"
	"slices"
	"time"

	"github.com/polluxio/pollux"
)

// A Poller has the methods and the contract of *pollux.Poller.
type Poller interface {
	Add(fd int, token pollux.Token) error
	Arm(fd int, token pollux.Token, want pollux.Ready) error
	Mute(fd int, token pollux.Token) (bool, error)
	Unmute(fd int, token pollux.Token) error
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

// named holds the pollers that FromEnv knows.
var named = map[string]func() (Poller, error){
	"oneshot":     OneShot,
	"poll":        Poll,
	"kqueue":      func() (Poller, error) { return KqueueUser(pollux.Park) },
	"kqueue-pipe": func() (Poller, error) { return KqueuePipe(pollux.Park) },
}

// FromEnv returns the function that makes the poller which the environment variable
// POLLUX_TEST_POLLER names: "oneshot" (EPOLLONESHOT), "poll" (poll(2)), "kqueue" or "kqueue-pipe"
// (a model of kqueue). It returns nil if the variable is empty or not set. Any other value gives a
// function that fails.
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
