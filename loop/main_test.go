package loop

import (
	"fmt"
	"os"
	"testing"

	"github.com/polluxio/pollux/internal/pollers"
)

// oneShotScripts makes each script a one-shot poller. It is set by the environment variable
// POLLUX_TEST_SCRIPT=oneshot.
var oneShotScripts = os.Getenv("POLLUX_TEST_SCRIPT") == "oneshot"

// TestMain gives the loops of the tests that run on a real poller the one that POLLUX_TEST_POLLER
// names, see pollers.FromEnv.
func TestMain(m *testing.M) {
	if open := pollers.FromEnv(); open != nil {
		err := SetDefaults(&Config{NewPoller: func() (Poller, error) { return open() }})
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
	}
	os.Exit(m.Run())
}

// The tests run on scripts that are edge-triggered. TestOneShot runs them all again, on scripts
// that are one-shot: so a test fails if the loop waits for an event that it has not asked for.
func TestOneShot(t *testing.T) {
	if oneShotScripts {
		t.Skip("the tests run on one-shot scripts already")
	}
	cmd := thisProgram(t, "-test.skip=^(TestOneShot|TestStress|TestTenThousandDescriptors)$", "-test.timeout=2m")
	cmd.Env = append(os.Environ(), "POLLUX_TEST_SCRIPT=oneshot")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}
