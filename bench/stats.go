package main

import (
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
)

// quartiles sum up one figure over the cycles of a run. N is 0 without a figure.
type quartiles struct {
	Q1     float64 `json:"q1"`
	Median float64 `json:"median"`
	Q3     float64 `json:"q3"`
	N      int     `json:"n"`
}

// quartilesOf interpolates between the two values nearest to each quartile.
func quartilesOf(values []float64) quartiles {
	if len(values) == 0 {
		return quartiles{}
	}
	sorted := slices.Sorted(slices.Values(values))
	at := func(q float64) float64 {
		pos := q * float64(len(sorted)-1)
		below := math.Floor(pos)
		v := sorted[int(below)]
		if part := pos - below; part > 0 {
			v += part * (sorted[int(below)+1] - v)
		}
		return v
	}
	return quartiles{Q1: at(0.25), Median: at(0.5), Q3: at(0.75), N: len(sorted)}
}

// ratios divides a by b pair by pair: the two values of one cycle, never those of two. A value that
// is missing or zero on either side leaves its pair out.
func ratios(a, b []float64) []float64 {
	var r []float64
	for i := range min(len(a), len(b)) {
		if a[i] > 0 && b[i] > 0 {
			r = append(r, a[i]/b[i])
		}
	}
	return r
}

// median prints the median alone.
func (q quartiles) median(digits int) string {
	if q.N == 0 {
		return "-"
	}
	return fmt.Sprintf("%.*f", digits, q.Median)
}

// full prints the median and, where there is more than one value, the quartiles.
func (q quartiles) full(digits int) string {
	if q.N < 2 {
		return q.median(digits)
	}
	return fmt.Sprintf("%.*f [%.*f-%.*f]", digits, q.Median, digits, q.Q1, digits, q.Q3)
}

// newHistogram takes latencies in nanoseconds: up to a minute, to three digits.
func newHistogram() *hdrhistogram.Histogram {
	return hdrhistogram.New(1, int64(time.Minute), 3)
}

func latencyOf(h *hdrhistogram.Histogram) latency {
	at := func(q float64) float64 { return us(time.Duration(h.ValueAtQuantile(q))) }
	return latency{Count: h.TotalCount(), P50: at(50), P99: at(99), P999: at(99.9), Max: us(time.Duration(h.Max()))}
}

func us(d time.Duration) float64 { return float64(d) / float64(time.Microsecond) }
