package pollux_test

import (
	"testing"
	"time"

	"github.com/polluxio/pollux"
	"github.com/polluxio/pollux/internal/pollertest"
)

// A Wait ends when its timeout has passed. It may now and then return early without a reason, so a
// caller that waits for an instant looks at the clock. But it never ends late, and early returns
// are rare: the caller does not spin.

// waitUntil waits for an instant in the right way, and returns the number of calls of Wait.
func waitUntil(t *testing.T, p *poller, at time.Time) int {
	t.Helper()
	over := make(chan int, 1)
	go func() {
		waits := 0
		events := make([]pollux.Event, 1)
		for left := time.Until(at); left > 0; left = time.Until(at) {
			if n, err := p.Wait(events, left); n != 0 || err != nil {
				t.Errorf("Wait(%v): %d, %v", left, n, err)
				break
			}
			waits++
		}
		over <- waits
	}()
	select {
	case waits := <-over:
		return waits
	case <-time.After(patience):
		t.Fatal("Wait does not end with its timeout")
	}
	return 0
}

var shortTimeouts = []time.Duration{
	1, time.Microsecond, 100 * time.Microsecond, 999_999, time.Millisecond, time.Millisecond + 1, 10 * time.Millisecond,
	15 * time.Millisecond,
}

func TestWaitIsNotEarly(t *testing.T) { onEveryPoller(t, testWaitIsNotEarly) }

func testWaitIsNotEarly(t *testing.T, newPoller maker) {
	p := newPoller(t)
	for _, timeout := range shortTimeouts {
		t.Run(timeout.String(), func(t *testing.T) {
			const times = 10
			waits := 0
			for range times {
				waits += waitUntil(t, p, time.Now().Add(timeout))
			}
			// Go's scheduler preempts a Wait by an interrupt (SIGURG). On a busy machine this hits
			// one Wait in a few.
			if waits > 3*times {
				t.Errorf("%d timeouts took %d waits: they end early", times, waits)
			}
		})
	}
}

// The timeouts of earlier waits have no effect, even if those waits ended early.
func TestWaitAfterOneThatWasWoken(t *testing.T) { onEveryPoller(t, testWaitAfterOneThatWasWoken) }

func testWaitAfterOneThatWasWoken(t *testing.T, newPoller maker) {
	for _, first := range []time.Duration{5 * time.Millisecond, 20 * time.Millisecond, time.Hour, -1} {
		for _, then := range []time.Duration{time.Millisecond, 10 * time.Millisecond, 30 * time.Millisecond} {
			t.Run(first.String()+" then "+then.String(), func(t *testing.T) {
				p := newPoller(t)
				ch := pollertest.Waiting(p, make([]pollux.Event, 1), first)
				if err := p.Wake(); err != nil {
					t.Fatal(err)
				}
				pollertest.End(t, ch)
				if waits := waitUntil(t, p, time.Now().Add(then)); waits > 3 {
					t.Errorf("one timeout took %d waits", waits)
				}
			})
		}
	}
}

func TestWaitOfZeroDoesNotBlock(t *testing.T) { onEveryPoller(t, testWaitOfZeroDoesNotBlock) }

func testWaitOfZeroDoesNotBlock(t *testing.T, newPoller maker) {
	p := newPoller(t)
	over := make(chan struct{})
	go func() {
		defer close(over)
		events := make([]pollux.Event, 1)
		for range 1000 {
			if n, err := p.Wait(events, 0); n != 0 || err != nil {
				t.Errorf("Wait: %d, %v", n, err)
			}
		}
	}()
	select {
	case <-over:
	case <-time.After(patience):
		t.Fatal("a Wait of zero blocks")
	}
}

// A negative timeout is for ever. The longest timeout is too, in practice: it is cut to the longest
// time of the system, and does not wrap.
func TestWaitForEver(t *testing.T) { onEveryPoller(t, testWaitForEver) }

func testWaitForEver(t *testing.T, newPoller maker) {
	for _, timeout := range []time.Duration{-1, -time.Hour, 1<<63 - 1} {
		t.Run(timeout.String(), func(t *testing.T) {
			p := newPoller(t)
			var ch <-chan pollertest.Waited
			for signals := 0; ; signals++ { // which may end it too; a timeout that became zero would end it each time
				ch = pollertest.Waiting(p, make([]pollux.Event, 1), timeout)
				select {
				case w := <-ch:
					if w != (pollertest.Waited{}) || signals > 100 {
						t.Fatalf("Wait(%v) returned %d, %v by itself", timeout, w.N, w.Err)
					}
					continue
				case <-time.After(10 * time.Millisecond):
				}
				break
			}
			if err := p.Wake(); err != nil {
				t.Fatal(err)
			}
			pollertest.End(t, ch)
		})
	}
}
