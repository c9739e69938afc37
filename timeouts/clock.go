package timeouts

import (
	"sync"
	"time"
)

// A Clock tells a monotonic time. Any goroutine may read it.
type Clock interface {
	// Now returns the present time. It is at least 1 and less than Never, so it never equals the
	// constant Now.
	Now() Deadline
}

// System is the clock of the machine. A reading is one read of the monotonic clock. The system
// decides whether that clock runs while the machine is suspended. On Linux it stands still.
var System Clock = systemClock{}

var (
	_ Clock = systemClock{}
	_ Clock = (*Fake)(nil)
)

type systemClock struct{}

// origin is 1 ns in the past, so that a reading is at least 1 even if no time has passed.
var origin = time.Now().Add(-1)

func (systemClock) Now() Deadline {
	return Deadline(time.Since(origin))
}

// A Fake is a clock for tests. It stands still until Advance. The zero Fake is ready and reads 1 s.
// Any goroutine may use it.
type Fake struct {
	mu   sync.Mutex
	gone time.Duration // mu; the time since fakeStart
}

// fakeStart is above 0, so that a test can have deadlines before the first reading.
const fakeStart = Deadline(time.Second)

// Now returns the instant that Advance last set.
func (f *Fake) Now() Deadline {
	f.mu.Lock()
	defer f.mu.Unlock()
	return fakeStart + Deadline(f.gone)
}

// Advance moves the clock forward by d. A d of zero or less changes nothing: a clock does not go
// back. The clock stops at the last instant before [Never]. Advance wakes no sleeper: the test has
// to wake whatever sleeps until a deadline of this clock.
func (f *Fake) Advance(d time.Duration) {
	f.mu.Lock()
	defer f.mu.Unlock()
	left := time.Duration(Never-1-fakeStart) - f.gone
	f.gone += min(max(d, 0), left)
}
