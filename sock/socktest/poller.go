package socktest

import (
	"fmt"
	"os"
	"testing"

	"github.com/polluxio/pollux/internal/pollers"
	"github.com/polluxio/pollux/loop"
)

// Main is the TestMain of a package whose tests use sockets: it calls UsePoller, and runs them.
func Main(m *testing.M) {
	UsePoller()
	os.MkdirAll(os.TempDir(), 0o777) // a bare system need not have one
	os.Exit(m.Run())
}

// UsePoller makes every loop of the process use the poller that the environment variable
// POLLUX_TEST_POLLER names, if it is set: see internal/pollers. It comes before anything that
// starts a loop, and ends the process if that is not so.
func UsePoller() {
	open := pollers.FromEnv()
	if open == nil {
		return
	}
	err := loop.SetDefaults(&loop.Config{NewPoller: func() (loop.Poller, error) { return open() }})
	if err != nil {
		fmt.Fprintln(os.Stderr, "socktest:", err)
		os.Exit(2)
	}
}
