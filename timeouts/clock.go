package timeouts

import (
	"sync"
	"time"
)

// Clock tells the time. It is monotonic and may be read from any goroutine.
type Clock interface {
	// Now returns the present, at least 1 and less than Never: a reading is never mistaken for the
	// constant Now.
	Now() Deadline
}

// System is the clock of the machine. A reading costs one look at the monotonic clock; whether that
// goes on while the machine is suspended is the system's choice (on Linux it stands still).
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

// Fake is a clock for tests that stands still until it is advanced. The zero Fake is ready and
// reads 1 s. It may be used from any goroutine.
type Fake struct {
	mu   sync.Mutex
	gone time.Duration // mu; since fakeStart
}

// fakeStart leaves room for deadlines before the first reading.
const fakeStart = Deadline(time.Second)

// Now returns the instant to which the clock was last advanced.
func (f *Fake) Now() Deadline {
	f.mu.Lock()
	defer f.mu.Unlock()
	return fakeStart + Deadline(f.gone)
}

// Advance moves the clock forward by d. A d of zero or less changes nothing, for a clock does not
// go back; one that leads beyond the last instant before [Never] stops there. It wakes no sleeper:
// what sleeps until a deadline of this clock has to be woken by other means.
func (f *Fake) Advance(d time.Duration) {
	f.mu.Lock()
	defer f.mu.Unlock()
	left := time.Duration(Never-1-fakeStart) - f.gone
	f.gone += min(max(d, 0), left)
}
