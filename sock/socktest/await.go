package socktest

import (
	"runtime"
	"testing"
	"time"

	"github.com/polluxio/pollux/internal/bare"
)

// Patience limits how long a test waits for an event that should come at once. Then the test fails.
var Patience = patience(20 * time.Second)

// patience returns d, or a longer time under Wine, where each system call is a message to another
// process, and on a bare machine, which may be an emulated one.
func patience(d time.Duration) time.Duration {
	if Wine() || bare.First() {
		return 3 * d
	}
	return d
}

// Await waits until cond returns true. The test fails if that takes too long.
func Await(t testing.TB, what string, cond func() bool) {
	t.Helper()
	if !await(cond) {
		t.Fatalf("this did not happen within %v: %s\n%s", Patience, what, stacks())
	}
}

func await(cond func() bool) bool {
	for range 100 { // usually other goroutines only need to run for a moment
		if cond() {
			return true
		}
		runtime.Gosched()
	}
	tick := time.NewTicker(100 * time.Microsecond)
	defer tick.Stop()
	deadline := time.After(Patience)
	for {
		select {
		case <-tick.C:
			if cond() {
				return true
			}
		case <-deadline:
			return cond()
		}
	}
}

// stacks returns the stacks of all goroutines.
func stacks() []byte {
	buf := make([]byte, 1<<20)
	return buf[:runtime.Stack(buf, true)]
}

// A Call is a function that runs on its own goroutine.
type Call struct {
	done chan struct{}
	err  error
}

// Start runs fn on a goroutine.
func Start(fn func() error) *Call {
	c := &Call{done: make(chan struct{})}
	go func() {
		defer close(c.done)
		c.err = fn()
	}()
	return c
}

// Done reports whether the function has returned.
func (c *Call) Done() bool {
	select {
	case <-c.done:
		return true
	default:
		return false
	}
}

// Wait returns the error of fn. The test fails if fn does not return in time.
func (c *Call) Wait(t testing.TB) error {
	t.Helper()
	select {
	case <-c.done:
		return c.err
	case <-time.After(Patience):
		t.Fatalf("no end of a call within %v\n%s", Patience, stacks())
		return nil
	}
}
