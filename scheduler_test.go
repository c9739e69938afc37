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

// Beside goroutines that compute without an end, the poller keeps the processor for longer than
// they do. Beside one that has just answered a message, it lets others run soon.
func TestShareBesideACrowd(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1)) // so that each yield runs the crowd
	const work = 5 * computing
	compute := func() {
		for end := monotonic() + work; monotonic() < end; {
		}
	}
	var c company
	shared := func(want func() bool) bool {
		for range 1000 { // the scheduler may choose the caller of Gosched (fact 4)
			if c.yield(); want() {
				return true
			}
		}
		return false
	}

	go compute()
	if !shared(func() bool { return c.took >= work && c.share() < c.took }) {
		t.Error("one goroutine that computes once: the poller would keep the processor as beside a crowd")
	}
	stop, done := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		for {
			select {
			case <-stop:
				return
			default:
				compute()
				runtime.Gosched()
			}
		}
	}()
	if !shared(func() bool { return c.took >= work && c.share() > c.took }) {
		t.Error("a goroutine that always computes: the poller would not keep the processor for longer than it does")
	}
	close(stop)
	<-done
	if !shared(func() bool { return c.share() == 0 }) {
		t.Error("no goroutine computes any more: the poller goes on as beside a crowd")
	}
}
