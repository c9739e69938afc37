package timeouts

import (
	"math"
	"time"
)

// A Deadline is a monotonic instant, in nanoseconds since the origin of its clock.
//
// Deadlines of different clocks cannot be compared. The zero Deadline is [Now]. A negative one is
// legal and means the same.
type Deadline int64

const (
	// Now has always passed: do not wait. It is not the present time: Now.Add(t) is t after the
	// clock's origin.
	Now Deadline = 0

	// Never does not pass: wait for ever.
	Never Deadline = math.MaxInt64
)

// Forever is the length of a wait without a limit. [Deadline.Add] of it gives [Never], and
// [Deadline.Until] of Never gives it.
const Forever time.Duration = math.MaxInt64

// Add returns the deadline t after d. A negative t gives an earlier one. The result is at least
// [Now] and at most [Never]. Never stays Never, whatever t is.
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

// Until returns the time left from now to d. It is 0 if d has passed, and [Forever] for
// [Never]. A now below [Now] counts as Now.
func (d Deadline) Until(now Deadline) time.Duration {
	if d == Never {
		return Forever
	}
	return time.Duration(max(max(d, Now)-max(now, Now), 0))
}

// Expired reports whether d has passed at now, that is, whether d is at or before now. [Never] does
// not pass.
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
