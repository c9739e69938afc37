package sock

import (
	"math"
	"net"
	"sync/atomic"
	"time"

	"github.com/polluxio/pollux/timeouts"
)

// Forever is the timeout of a blocking socket: Python's None.
const Forever = timeouts.Forever

// A Timeout in a configuration limits how long operations may wait. The zero Timeout is the default
// timeout, see SetDefaultTimeout. Within makes any other.
type Timeout struct {
	d   time.Duration
	set bool
}

// Within returns the Timeout d: Forever for a blocking socket, 0 for a non-blocking one.
func Within(d time.Duration) Timeout { return Timeout{d, true} }

// defaultTimeout is the timeout of new sockets, a time.Duration.
var defaultTimeout = func() *atomic.Int64 {
	v := new(atomic.Int64)
	v.Store(int64(Forever))
	return v
}()

// SetDefaultTimeout sets the timeout of all sockets that the process makes from now on. It is
// Forever at first. 0 makes new sockets non-blocking.
//
// Error: an *ArgError for a negative timeout.
func SetDefaultTimeout(d time.Duration) error {
	if err := checkTimeout(d); err != nil {
		return failed("setdefaulttimeout", AF_UNSPEC, err)
	}
	defaultTimeout.Store(int64(d))
	return nil
}

// DefaultTimeout returns the timeout of new sockets, see SetDefaultTimeout.
func DefaultTimeout() time.Duration { return time.Duration(defaultTimeout.Load()) }

func checkTimeout(d time.Duration) error {
	if d < 0 {
		return &ArgError{ArgRange, "timeout", d, "Timeout value out of range"}
	}
	return nil
}

// Seconds converts a number of seconds, which Python uses for timeouts. It rounds away from zero to
// a nanosecond, so only 0 becomes 0.
//
// Errors: an *ArgError for NaN, for infinity, and for a value beyond the range of time.Duration.
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

// SetTimeout sets the mode of the socket: Forever is blocking, and 0 is non-blocking. With any
// other d, an operation that has to wait longer than d fails with os.ErrDeadlineExceeded.
// Resolution: a nanosecond; never early, and less than a millisecond late on an idle machine.
//
// The timeout counts for operations that begin after the call. SetDeadline sets an absolute
// deadline, which also ends operations that are already waiting.
//
// Errors: an *ArgError for a negative timeout; net.ErrClosed for a closed socket, which stores the
// timeout all the same, as in Python.
func (s *Socket) SetTimeout(d time.Duration) error {
	if err := checkTimeout(d); err != nil {
		return s.fail("settimeout", Addr{}, err)
	}
	s.timeout.Store(int64(d))
	if s.Fileno() < 0 {
		return s.fail("settimeout", Addr{}, net.ErrClosed)
	}
	return nil
}

// SetTimeoutSeconds is SetTimeout for a number of seconds, by the rules of Seconds.
func (s *Socket) SetTimeoutSeconds(seconds float64) error {
	d, err := Seconds(seconds)
	if err != nil {
		return s.fail("settimeout", Addr{}, err)
	}
	return s.SetTimeout(d)
}

// Timeout returns the timeout of the socket: Forever, 0, or what SetTimeout has set.
func (s *Socket) Timeout() time.Duration { return s.patience(0) }

// SetBlocking is SetTimeout(Forever) for true, and SetTimeout(0) for false.
func (s *Socket) SetBlocking(blocking bool) error {
	if blocking {
		return s.SetTimeout(Forever)
	}
	return s.SetTimeout(0)
}

// Blocking reports whether Timeout() is not 0. So it is true with a timeout too, as in Python.
func (s *Socket) Blocking() bool { return s.patience(0) != 0 }

// patience returns how long an operation with these flags may wait.
func (s *core) patience(flags int) time.Duration {
	if flags&msgDontwait != 0 {
		return 0
	}
	return time.Duration(s.timeout.Load())
}

// firstTimeout returns the timeout of a new socket of type typ.
func firstTimeout(typ Type) time.Duration {
	if typ&typeNonblock != 0 {
		return 0
	}
	return DefaultTimeout()
}
