package sock

import (
	"math"
	"testing"
	"time"
)

func TestTimevalBytes(t *testing.T) {
	for _, n := range []int{8, 12, 16} {
		for d, want := range map[time.Duration]time.Duration{
			0: 0, 1: time.Microsecond, time.Second - 1: time.Second, 3*time.Second + 500*time.Microsecond: 3*time.Second + 500*time.Microsecond,
			math.MaxInt32 * time.Second: math.MaxInt32 * time.Second,
		} {
			b := make([]byte, n)
			if !putTimeval(b, d) {
				t.Errorf("%d bytes: %v does not fit", n, d)
			}
			sec, us := secondsAndFraction(b)
			if got := time.Duration(sec)*time.Second + time.Duration(us)*time.Microsecond; got != want {
				t.Errorf("%d bytes: %v became %v", n, d, got)
			}
			if at, ok := decodeTime(b, time.Microsecond); !ok || !at.Equal(time.Unix(0, int64(want))) {
				t.Errorf("%d bytes: %v became %v, %v", n, d, at, ok)
			}
		}
		if fits := putTimeval(make([]byte, n), math.MaxInt64); fits != (n > 8) {
			t.Errorf("%d bytes: the longest duration fits: %v", n, fits)
		}
	}
	for _, n := range []int{0, 4, 9, 13, 20} {
		if at, ok := decodeTime(make([]byte, n), time.Microsecond); ok {
			t.Errorf("%d bytes are %v", n, at)
		}
	}
}
