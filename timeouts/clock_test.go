package timeouts_test

import (
	"sync"
	"testing"
	"time"

	"github.com/polluxio/pollux/timeouts"
)

func TestSystemNeverGoesBack(t *testing.T) {
	last := timeouts.Deadline(1)
	for range 10_000 {
		now := timeouts.System.Now()
		if now < last {
			t.Fatalf("read %d after %d", now, last)
		}
		last = now
	}
}

func TestSystemKeepsTime(t *testing.T) {
	outer := time.Now()
	start := timeouts.System.Now()
	inner := time.Now()
	time.Sleep(time.Millisecond)
	least := time.Since(inner)
	end := timeouts.System.Now()
	most := time.Since(outer)
	if took := end.Until(start); took < least || took > most {
		t.Errorf("between %v and %v passed, the clock says %v", least, most, took)
	}
}

func TestFake(t *testing.T) {
	var clock timeouts.Fake
	steps := []struct {
		name string
		by   time.Duration
		want timeouts.Deadline
	}{
		{"the start", 0, timeouts.Deadline(time.Second)},
		{"forward", 500 * time.Millisecond, timeouts.Deadline(1500 * time.Millisecond)},
		{"not back", -time.Hour, timeouts.Deadline(1500 * time.Millisecond)},
		{"not back by the most", minDuration, timeouts.Deadline(1500 * time.Millisecond)},
		{"one", 1, timeouts.Deadline(1500*time.Millisecond + 1)},
		{"to the end", maxDuration, timeouts.Never - 1},
		{"not beyond", 1, timeouts.Never - 1},
	}
	for _, step := range steps {
		clock.Advance(step.by)
		if got := clock.Now(); got != step.want {
			t.Fatalf("%s: after Advance(%v) the clock reads %v, want %v", step.name, step.by, got, step.want)
		}
	}
}

func TestFakeConcurrently(t *testing.T) {
	const goroutines, advances = 8, 1000
	var clock timeouts.Fake
	start := clock.Now()

	var wg sync.WaitGroup
	for range goroutines {
		wg.Go(func() {
			last := start
			for range advances {
				clock.Advance(time.Microsecond)
				now := clock.Now()
				if now <= last {
					t.Errorf("read %v after %v and an advance", now, last)
				}
				last = now
			}
		})
	}
	wg.Wait()

	if got, want := clock.Now(), start.Add(goroutines*advances*time.Microsecond); got != want {
		t.Errorf("the clock reads %v, want %v", got, want)
	}
}
