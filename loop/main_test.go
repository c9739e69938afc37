package loop

import (
	"fmt"
	"os"
	"testing"

	"github.com/polluxio/pollux/internal/bare"
	"github.com/polluxio/pollux/internal/pollers"
)

// oneShotScripts makes each script a one-shot poller. The environment variable
// POLLUX_TEST_SCRIPT=oneshot sets it.
var oneShotScripts = os.Getenv("POLLUX_TEST_SCRIPT") == "oneshot"

// TestMain selects the poller of the tests that run on a real one: the poller that
// POLLUX_TEST_POLLER names, see pollers.FromEnv.
func TestMain(m *testing.M) {
	bare.Prepare()
	if open := pollers.FromEnv(); open != nil {
		err := SetDefaults(&Config{NewPoller: func() (Poller, error) { return open() }})
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
	}
	os.Exit(m.Run())
}

// TestOneShot runs all tests again on scripts that are one-shot. Otherwise the scripts are
// edge-triggered. So a test fails if the loop waits for an event that it has not asked for.
func TestOneShot(t *testing.T) {
	if oneShotScripts {
		t.Skip("the tests run on one-shot scripts already")
	}
	// The limit is far away: what takes a second on an idle machine takes half a minute with the
	// race detector, one processor and other programs beside.
	cmd := bare.Program(t, "-test.skip=^(TestOneShot|TestStress|TestTenThousandDescriptors)$", "-test.timeout=8m")
	cmd.Env = append(os.Environ(), "POLLUX_TEST_SCRIPT=oneshot")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}
