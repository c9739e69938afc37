package loop

import (
	"runtime"
	"sync/atomic"
	"testing"
	"time"
)

// Those that were woken run before the loop waits, but a hog, which always has more to do, is let run once.
func TestHogIsLetRunOnce(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	var bursts atomic.Int32
	var over atomic.Bool
	gone := make(chan struct{})
	go func() {
		defer close(gone)
		for !over.Load() {
			for since := time.Now(); time.Since(since) < 100*hogged; {
			}
			bursts.Add(1)
			runtime.Gosched()
		}
	}()
	for bursts.Load() == 0 {
		runtime.Gosched()
	}
	l := &Loop{woke: 1}
	before := bursts.Load()
	l.letRun()
	if n := bursts.Load() - before; n > 2 {
		t.Errorf("the hog had the processor for %d bursts, want 1", n)
	}
	over.Store(true)
	select {
	case <-gone:
	case <-time.After(soon):
		t.Error("the hog does not end")
	}
}

// Of many that were woken, all run: more than Go's scheduler runs in one call.
func TestWokenAreLetRun(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	const woken = 200
	for range 20 {
		var ran atomic.Int32
		for range woken {
			go func() {
				for since := time.Now(); time.Since(since) < alone; {
				}
				ran.Add(1)
			}()
		}
		l := new(Loop)
		for range 2 { // the first may end at once: each 61st time, the scheduler looks for the loop first
			l.woke = 1000 * woken // so that no time which the system takes for others makes hogs of them
			l.letRun()
		}
		if n := ran.Load(); n != woken {
			t.Fatalf("%d of %d ran", n, woken)
		}
	}
}
