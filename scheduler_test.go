package pollux

import (
	"runtime"
	"testing"
	"time"
)

// Go's own poller is asked more often while it has had something, and soon less often again.
func TestAskSoon(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1)) // so that a goroutine made ready runs in the yield
	var c company
	pass := func(ask func() error) {
		now := monotonic()
		c.calm, c.stint = calmToWait, stint{begun: now - askEvery, let: now - letRunEvery, asked: now, every: c.stint.every}
		if err := c.pass(ask); err != nil {
			t.Fatal(err)
		}
	}
	until := func(what string, want time.Duration, ask func() error) {
		for range 1000 { // the scheduler may choose the caller of Gosched, and other programs may delay it (fact 4)
			if pass(ask); c.stint.every == want {
				return
			}
		}
		t.Errorf("%s: asked every %v, want %v", what, c.stint.every, want)
	}
	for range 3 {
		until("a goroutine is made ready", askSoon, func() error {
			go func() {
				for end := monotonic() + 5*looking; monotonic() < end; {
				}
			}()
			return nil
		})
		until("no goroutine is ready", askEvery, func() error { return nil })
	}
}
