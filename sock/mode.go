package sock

import (
	"math"
	"net"
	"sync/atomic"
	"time"
)

// Forever is the timeout of a blocking socket: Python's None.
const Forever = time.Duration(math.MaxInt64)

// A Timeout is how long operations may wait, in a configuration. The zero Timeout is the default
// timeout, see SetDefaultTimeout; Within makes any other.
type Timeout struct {
	d   time.Duration
	set bool
}

// Within is the Timeout d: Forever for a blocking socket, 0 for a non-blocking one.
func Within(d time.Duration) Timeout { return Timeout{d, true} }

// defaultTimeout is that of new sockets, as core.timeout has it.
var defaultTimeout = func() *atomic.Int64 {
	v := new(atomic.Int64)
	v.Store(-1)
	return v
}()

// SetDefaultTimeout sets the timeout that new sockets begin with, in the whole process: Forever at
// first; 0 makes them non-blocking.
//
// Error: an *ArgError for a negative one.
func SetDefaultTimeout(d time.Duration) error {
	v, err := timeoutValue(d)
	if err != nil {
		return failed("setdefaulttimeout", AF_UNSPEC, err)
	}
	defaultTimeout.Store(v)
	return nil
}

// DefaultTimeout is what SetDefaultTimeout has set.
func DefaultTimeout() time.Duration { return timeoutOf(defaultTimeout.Load()) }

func timeoutValue(d time.Duration) (int64, error) {
	switch {
	case d < 0:
		return 0, &ArgError{ArgRange, "timeout", d, "Timeout value out of range"}
	case d == Forever:
		return -1, nil
	}
	return int64(d), nil
}

func timeoutOf(v int64) time.Duration {
	if v < 0 {
		return Forever
	}
	return time.Duration(v)
}

// Seconds is a timeout as Python takes it: a number of seconds, rounded away from zero to a
// nanosecond, so that none becomes 0 that was not.
//
// Errors: an *ArgError for NaN, and for what no time.Duration can hold, infinity too.
func Seconds(s float64) (time.Duration, error) {
	ns := s * 1e9
	switch {
	case math.IsNaN(s):
		return 0, &ArgError{ArgRange, "timeout", s, "Invalid value NaN (not a number)"}
	case ns >= math.MaxInt64 || ns <= math.MinInt64:
		return 0, &ArgError{ArgRange, "timeout", s, "timestamp out of range for platform time_t"}
	case ns < 0:
		return time.Duration(math.Floor(ns)), nil
	}
	return time.Duration(math.Ceil(ns)), nil
}

// SetTimeout sets the mode: Forever is blocking, 0 non-blocking; else an operation that has to wait
// for longer ends with os.ErrDeadlineExceeded. SetDeadline has absolute deadlines, which end waits
// that have begun too. The timeout counts for operations that begin after it. Resolution: a
// nanosecond; never early, and less than a millisecond late on an idle machine.
//
// Errors: an *ArgError for a negative one; net.ErrClosed, and then the timeout is stored
// nevertheless, as in Python.
func (s *Socket) SetTimeout(d time.Duration) error {
	v, err := timeoutValue(d)
	if err != nil {
		return s.fail("settimeout", Addr{}, err)
	}
	s.timeout.Store(v)
	if s.Fileno() < 0 {
		return s.fail("settimeout", Addr{}, net.ErrClosed)
	}
	return nil
}

// SetTimeoutSeconds is SetTimeout with a number of seconds, by the rules of Seconds.
func (s *Socket) SetTimeoutSeconds(seconds float64) error {
	d, err := Seconds(seconds)
	if err != nil {
		return s.fail("settimeout", Addr{}, err)
	}
	return s.SetTimeout(d)
}

// Timeout is the mode that SetTimeout sets.
func (s *Socket) Timeout() time.Duration { return timeoutOf(s.timeout.Load()) }

// SetBlocking is SetTimeout(Forever) or SetTimeout(0).
func (s *Socket) SetBlocking(blocking bool) error {
	if blocking {
		return s.SetTimeout(Forever)
	}
	return s.SetTimeout(0)
}

// Blocking is Timeout() != 0: true with a timeout too, as in Python.
func (s *Socket) Blocking() bool { return s.timeout.Load() != 0 }

// patience is how long an operation with these flags may wait, as loop.Call has it.
func (s *core) patience(flags int) time.Duration {
	if flags&msgDontwait != 0 {
		return 0
	}
	return time.Duration(s.timeout.Load())
}

// firstTimeout is the mode that a new socket of type typ begins with.
func firstTimeout(typ Type) int64 {
	if typ&typeNonblock != 0 {
		return 0
	}
	return defaultTimeout.Load()
}
