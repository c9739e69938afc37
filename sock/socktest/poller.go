package socktest

import (
	"fmt"
	"os"
	"testing"

	"github.com/polluxio/pollux/internal/bare"
	"github.com/polluxio/pollux/internal/pollers"
	"github.com/polluxio/pollux/loop"
)

// Main is the TestMain of a package whose tests use sockets. It calls UsePoller and runs the tests.
func Main(m *testing.M) {
	bare.Prepare()
	UsePoller()
	os.Exit(m.Run())
}

// UsePoller makes every loop of the process use the poller that the environment variable
// POLLUX_TEST_POLLER names, if it is set: see internal/pollers. Call it before anything that
// starts a loop. If a loop has started already, UsePoller ends the process.
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
