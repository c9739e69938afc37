package pollertest

import (
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/polluxio/pollux"
)

// Wake makes the running Wait return, or else the next one.

func testWakeBeforeWait(t *testing.T, open opener) {
	p := open(t)
	if err := p.Wake(); err != nil {
		t.Fatal(err)
	}
	if n := End(t, Waiting(p, make([]pollux.Event, 1), -1)); n != 0 {
		t.Errorf("Wait told %d events, want 0: a wake-up is none", n)
	}
}

func testWakeDuringWait(t *testing.T, open opener) {
	p := open(t)
	for range 100 {
		ch := Waiting(p, make([]pollux.Event, 1), -1)
		if err := p.Wake(); err != nil { // it may also come before that Wait
			t.Fatal(err)
		}
		if n := End(t, ch); n != 0 {
			t.Fatalf("Wait told %d events, want 0", n)
		}
	}
}

// After any number of wake-ups, the poller sleeps again.
func testWakesToldAsOne(t *testing.T, open opener) {
	p := open(t)
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 100 {
				if err := p.Wake(); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	events := make([]pollux.Event, 1)
	End(t, Waiting(p, events, -1))
	for range 10 {
		start := time.Now()
		if End(t, Waiting(p, events, time.Millisecond)); time.Since(start) >= time.Millisecond {
			return
		}
	}
	t.Error("800 wake-ups still end a Wait after 10 of them")
}

// No wake-up is lost: otherwise the waiter would not see the last count.
func testWakeFromManyGoroutines(t *testing.T, open opener) {
	p := open(t)
	const goroutines, each = 8, 2000
	var count atomic.Int32
	var wakers sync.WaitGroup
	defer wakers.Wait() // Close must come after their last call
	for range goroutines {
		wakers.Go(func() {
			for range each {
				count.Add(1)
				if err := p.Wake(); err != nil {
					t.Error(err)
				}
			}
		})
	}
	over := make(chan error, 1)
	go func() {
		events := make([]pollux.Event, 1)
		for count.Load() < goroutines*each {
			if n, err := p.Wait(events, -1); n != 0 || err != nil {
				over <- err
				return
			}
		}
		over <- nil
	}()
	select {
	case err := <-over:
		if err != nil {
			t.Fatal(err)
		}
	case <-time.After(patience):
		t.Fatal("a wake-up was lost")
	}
}
