package sock

import (
	"fmt"
	"math"
	"strings"
	"time"
)

// KeepAlive says how the kernel probes a silent connection, to notice that the peer is gone:
// SO_KEEPALIVE, TCP_KEEPIDLE, TCP_KEEPINTVL and TCP_KEEPCNT, tcp(7).
type KeepAlive struct {
	On bool
	// Idle is the silence before the first probe: whole seconds, rounded up, at most 32767.
	// SetKeepAlive leaves the present value unchanged for 0. The default of Linux is two hours.
	Idle time.Duration
	// Interval is the time between two probes; for its range see Idle. The default of Linux is 75
	// s.
	Interval time.Duration
	// Count is the number of unanswered probes after which the connection fails with ETIMEDOUT: 1
	// to 127. SetKeepAlive leaves the present value unchanged for 0. The default of Linux is 9.
	Count int
}

// These are the greatest values that Linux accepts: MAX_TCP_KEEPIDLE, MAX_TCP_KEEPINTVL and
// MAX_TCP_KEEPCNT of <net/tcp.h>.
const (
	mostKeepAlive      = 32767
	mostKeepAliveCount = 127
)

// SetKeepAlive sets Idle, Interval and Count if they are not 0, and then On: so the first probe
// already uses the new times.
//
// Errors: an *ArgError for a number out of range; errors.ErrUnsupported for a time on OpenBSD,
// where one setting serves the whole host.
func (s *Socket) SetKeepAlive(k KeepAlive) error {
	if k.Count < 0 || k.Count > mostKeepAliveCount {
		return s.fail("setsockopt", Addr{}, &ArgError{ArgRange, "count", k.Count, "must be 1-127, or 0"})
	}
	times := []struct {
		arg, what string
		name      int
		d         time.Duration
		v         int32
	}{
		{"idle", "TCP_KEEPIDLE", options.keepIdle, k.Idle, 0},
		{"interval", "TCP_KEEPINTVL", options.keepInterval, k.Interval, 0},
		{"count", "TCP_KEEPCNT", options.keepCount, 0, int32(k.Count)},
	}
	for i := range times {
		o := &times[i]
		if o.d != 0 {
			v, err := seconds(o.arg, o.d, mostKeepAlive)
			if err != nil {
				return s.fail("setsockopt", Addr{}, err)
			}
			o.v = v
		}
	}
	for _, o := range times {
		if o.v != 0 {
			if err := s.setInt(o.what, IPPROTO_TCP, o.name, o.v); err != nil {
				return err
			}
		}
	}
	return s.setInt("SO_KEEPALIVE", SOL_SOCKET, SO_KEEPALIVE, boolInt(k.On))
}

// KeepAlive returns the present settings.
func (s *Socket) KeepAlive() (k KeepAlive, err error) {
	var on, idle, interval int
	if on, err = s.getInt("SO_KEEPALIVE", SOL_SOCKET, SO_KEEPALIVE); err != nil {
		return k, err
	}
	if idle, err = s.getInt("TCP_KEEPIDLE", IPPROTO_TCP, options.keepIdle); err != nil {
		return k, err
	}
	if interval, err = s.getInt("TCP_KEEPINTVL", IPPROTO_TCP, options.keepInterval); err != nil {
		return k, err
	}
	k = KeepAlive{On: on != 0, Idle: time.Duration(idle) * time.Second, Interval: time.Duration(interval) * time.Second}
	k.Count, err = s.getInt("TCP_KEEPCNT", IPPROTO_TCP, options.keepCount)
	return k, err
}

// SetUserTimeout sets how long sent data may stay unacknowledged before the connection fails with
// ETIMEDOUT: whole milliseconds, rounded up. With 0 the system decides, after about 15 minutes.
// TCP_USER_TIMEOUT; Linux only; tcp(7).
//
// Errors: an *ArgError for a time that is negative or longer than a C int of milliseconds;
// errors.ErrUnsupported except on Linux.
func (s *Socket) SetUserTimeout(d time.Duration) error {
	if d < 0 || d > math.MaxInt32*time.Millisecond {
		return s.fail("setsockopt", Addr{}, &ArgError{ArgRange, "time", d, "must be 0 to 2147483647 ms"})
	}
	return s.setInt("TCP_USER_TIMEOUT", IPPROTO_TCP, options.userTimeout, int32((d+time.Millisecond-1)/time.Millisecond))
}

// UserTimeout returns what SetUserTimeout has set.
func (s *Socket) UserTimeout() (time.Duration, error) {
	ms, err := s.getInt("TCP_USER_TIMEOUT", IPPROTO_TCP, options.userTimeout)
	return time.Duration(ms) * time.Millisecond, err
}

// mostName is TCP_CA_NAME_MAX and TCP_ULP_NAME_MAX of <net/tcp.h> without the final NUL.
const mostName = 15

func (s *Socket) setName(what string, name int, text string) error {
	if text == "" || len(text) > mostName || strings.ContainsRune(text, 0) {
		return s.fail("setsockopt", Addr{}, &ArgError{nameKind(text, mostName), "name", text, fmt.Sprintf("must have 1-%d bytes, and no NUL", mostName)})
	}
	return s.setOption(what, IPPROTO_TCP, name, []byte(text))
}

// SetCongestion selects the congestion control by name, such as "cubic", "reno" or "bbr":
// TCP_CONGESTION, tcp(7). /proc/sys/net/ipv4/tcp_available_congestion_control lists the names that
// the system has.
//
// Errors: an *ArgError for a name that is empty or longer than 15 bytes; ENOENT for a name that the
// system lacks; EPERM for one that needs CAP_NET_ADMIN.
func (s *Socket) SetCongestion(name string) error {
	return s.setName("TCP_CONGESTION", options.congestion, name)
}

// Congestion returns the name of the congestion control.
func (s *Socket) Congestion() (string, error) {
	var b [mostName + 1]byte
	n, err := s.getOption("TCP_CONGESTION", IPPROTO_TCP, options.congestion, b[:], 1)
	return cText(b[:n]), err
}
