package main

import (
	"sync"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
)

// A sample sums up how long something waited, in microseconds, and how often it had its turn.
type sample struct {
	Count int64   `json:"count"`
	Rate  float64 `json:"rate_per_s"`
	P50   float64 `json:"p50_us"`
	P99   float64 `json:"p99_us"`
	Worst float64 `json:"worst_us"`
}

// A series takes the waits of one visit.
type series struct {
	mu          sync.Mutex
	from, until time.Time               // what counts
	last        time.Time               // the end of the wait before, for gaps
	hist        *hdrhistogram.Histogram // of the waits that end after from, also those after until
	count       int64                   // of the waits that end between the two
}

func newSeries() *series { return &series{hist: newHistogram()} }

func (s *series) reset(from, until time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.from, s.until, s.last, s.count = from, until, time.Time{}, 0
	s.hist.Reset()
}

// add notes a wait that ends now.
func (s *series) add(now time.Time, wait time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.note(now, wait)
}

// tick notes the time since the last tick.
func (s *series) tick(now time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.last.IsZero() {
		s.note(now, now.Sub(s.last))
	}
	s.last = now
}

func (s *series) note(now time.Time, wait time.Duration) {
	if now.Before(s.from) {
		return
	}
	if now.Before(s.until) {
		s.count++
	}
	s.hist.RecordValue(int64(max(wait, 1))) // refuses more than a minute, and no visit is that long
}

func (s *series) sample() sample {
	s.mu.Lock()
	defer s.mu.Unlock()
	length := s.until.Sub(s.from).Seconds()
	if length <= 0 || s.hist.TotalCount() == 0 {
		return sample{}
	}
	l := latencyOf(s.hist)
	return sample{Count: s.count, Rate: float64(s.count) / length, P50: l.P50, P99: l.P99, Worst: l.Max}
}
