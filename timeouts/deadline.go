package timeouts

import (
	"math"
	"time"
)

// Deadline is a monotonic instant in nanoseconds since an origin of the clock's own.
//
// Readings of different clocks do not compare. The zero Deadline is [Now]; one below it is legal
// and as past as Now.
type Deadline int64

const (
	// Now is already past: do not wait. It is not the present: Now.Add(t) is t after the clock's
	// origin.
	Now Deadline = 0

	// Never is no deadline: wait for ever.
	Never Deadline = math.MaxInt64
)

// Add returns the deadline t after d, or before it if t is negative. The result stays within [Now]
// and [Never], and Never stays Never whatever t is.
func (d Deadline) Add(t time.Duration) Deadline {
	if d == Never {
		return Never
	}
	d = max(d, Now)
	if time.Duration(Never-d) < t {
		return Never
	}
	return max(d+Deadline(t), Now)
}

// Until returns the time left from now to d: 0 if d has passed, and the greatest Duration for
// [Never]. A now below [Now] counts as Now.
func (d Deadline) Until(now Deadline) time.Duration {
	if d == Never {
		return math.MaxInt64
	}
	return time.Duration(max(max(d, Now)-max(now, Now), 0))
}

// Expired reports whether d has passed at now: whether it is at or before it. [Never] has passed at
// no time.
func (d Deadline) Expired(now Deadline) bool {
	return d <= now && d != Never
}

// String returns "now", "never", or the time since the clock's origin, as in "+1.5s".
func (d Deadline) String() string {
	switch {
	case d <= Now:
		return "now"
	case d == Never:
		return "never"
	}
	return "+" + time.Duration(d).String()
}
