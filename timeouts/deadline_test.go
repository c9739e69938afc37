package timeouts_test

import (
	"math"
	"testing"
	"time"

	"github.com/polluxio/pollux/timeouts"
)

const (
	maxDuration = time.Duration(math.MaxInt64)
	minDuration = time.Duration(math.MinInt64)

	// No clock returns minDeadline, but a computation may.
	minDeadline = timeouts.Deadline(math.MinInt64)
)

func TestDeadlineAdd(t *testing.T) {
	tests := []struct {
		name string
		d    timeouts.Deadline
		t    time.Duration
		want timeouts.Deadline
	}{
		{"nothing", 5, 0, 5},
		{"forward", 5, 3, 8},
		{"back", 5, -3, 2},
		{"back to Now", 5, -5, timeouts.Now},
		{"back beyond Now", 5, -6, timeouts.Now},
		{"back by the most", 5, minDuration, timeouts.Now},
		{"Now back by the most", timeouts.Now, minDuration, timeouts.Now},
		{"Now forward", timeouts.Now, time.Second, timeouts.Deadline(time.Second)},
		{"Now by the most", timeouts.Now, maxDuration, timeouts.Never},
		{"up to Never", timeouts.Never - 5, 5, timeouts.Never},
		{"just short of Never", timeouts.Never - 5, 4, timeouts.Never - 1},
		{"saturates", timeouts.Never - 5, 6, timeouts.Never},
		{"saturates by the most", timeouts.Never - 1, maxDuration, timeouts.Never},
		{"Never forward", timeouts.Never, 1, timeouts.Never},
		{"Never back", timeouts.Never, -1, timeouts.Never},
		{"Never back by the most", timeouts.Never, minDuration, timeouts.Never},
		{"before Now counts as Now", -5, 3, 3},
		{"far before Now", minDeadline, maxDuration, timeouts.Never},
		{"far before Now and back", minDeadline, minDuration, timeouts.Now},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := tt.d.Add(tt.t); got != tt.want {
				t.Errorf("Deadline(%d).Add(%d) = %d, want %d", tt.d, tt.t, got, tt.want)
			}
		})
	}
}

func TestDeadlineUntilAndExpired(t *testing.T) {
	tests := []struct {
		name    string
		d, now  timeouts.Deadline
		until   time.Duration
		expired bool
	}{
		{"ahead", 8, 5, 3, false},
		{"one ahead", 6, 5, 1, false},
		{"at it", 5, 5, 0, true},
		{"past", 4, 5, 0, true},
		{"Now", timeouts.Now, 1, 0, true},
		{"Now at Now", timeouts.Now, timeouts.Now, 0, true},
		{"before Now", -3, 1, 0, true},
		{"as early as can be", minDeadline, timeouts.Never, 0, true},
		{"Never", timeouts.Never, 5, maxDuration, false},
		{"Never at the last instant", timeouts.Never, timeouts.Never - 1, maxDuration, false},
		{"Never at Never", timeouts.Never, timeouts.Never, maxDuration, false},
		{"the last instant", timeouts.Never - 1, 1, maxDuration - 2, false},
		{"a now before Now", timeouts.Never - 1, minDeadline, maxDuration - 1, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := tt.d.Until(tt.now); got != tt.until {
				t.Errorf("Deadline(%d).Until(%d) = %d, want %d", tt.d, tt.now, got, tt.until)
			}
			if got := tt.d.Expired(tt.now); got != tt.expired {
				t.Errorf("Deadline(%d).Expired(%d) = %t, want %t", tt.d, tt.now, got, tt.expired)
			}
		})
	}
}

func TestDeadlineString(t *testing.T) {
	tests := []struct {
		d    timeouts.Deadline
		want string
	}{
		{timeouts.Now, "now"},
		{-1, "now"},
		{timeouts.Never, "never"},
		{1, "+1ns"},
		{timeouts.Deadline(1500 * time.Millisecond), "+1.5s"},
		{timeouts.Deadline(25 * time.Hour), "+25h0m0s"},
	}
	for _, tt := range tests {
		if got := tt.d.String(); got != tt.want {
			t.Errorf("Deadline(%d).String() = %q, want %q", int64(tt.d), got, tt.want)
		}
	}
}
