package socktest

import (
	"runtime"
	"testing"
	"time"
)

// Patience is how long a test waits for what should come at once, before it fails.
var Patience = patience(5 * time.Second)

// patience is d, and longer under Wine, where each system call is a message to another process.
func patience(d time.Duration) time.Duration {
	if Wine() {
		return 6 * d
	}
	return d
}

// Await waits until cond is true.
func Await(t testing.TB, what string, cond func() bool) {
	t.Helper()
	if !await(cond) {
		t.Fatalf("waited %v in vain for this: %s\n%s", Patience, what, stacks())
	}
}

func await(cond func() bool) bool {
	for range 100 { // mostly it is a matter of letting others run
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

// stacks are those of all goroutines.
func stacks() []byte {
	buf := make([]byte, 1<<20)
	return buf[:runtime.Stack(buf, true)]
}

// A Call is what a goroutine of its own does.
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

// Done says whether it has ended.
func (c *Call) Done() bool {
	select {
	case <-c.done:
		return true
	default:
		return false
	}
}

// Wait is the error that fn returned. The test fails if it does not.
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
