package loop

import (
	"math/bits"
	"sync/atomic"
	"time"
)

// Stats is a snapshot of what a loop holds, has done and does. The counters never go back.
type Stats struct {
	Descriptors int // registered
	Slots       int // of the table, in use or to be used again
	Timers      int // running
	Tasks       int // begun and not ended

	Turns  uint64        // ever
	Events uint64        // of descriptors, served
	Calls  uint64        // of functions that were posted or whose time had come, and resumptions of tasks
	Asleep time.Duration // in waits
	AtWork time.Duration // between them
	Stuck  uint64        // how often something held the loop longer than Config.StuckAfter
	Lag    Histogram     // of turns: how long the last thing that was ready had to wait for the first, at most
}

// A Histogram counts times: Counts[i] has those below 2ⁱ microseconds that are not in a count
// before, and the last has all others, from half a second on.
type Histogram struct {
	Counts [histogramSize]uint64
	Sum    time.Duration
}

const histogramSize = 21

// Bound returns the time below which all times of Counts[i] are; the last count has no bound, and
// Bound is negative.
func (Histogram) Bound(i int) time.Duration {
	if i == histogramSize-1 {
		return -1
	}
	return time.Microsecond << i
}

// Total returns how many times were counted.
func (h Histogram) Total() (n uint64) {
	for _, c := range h.Counts {
		n += c
	}
	return n
}

// Quantile returns a bound for a part of all times, 0 to 1: at least that part was below it. It is
// exact to a factor of two. Without any time it is 0; half a second stands for all that is longer.
func (h Histogram) Quantile(part float64) time.Duration {
	total := h.Total()
	if total == 0 {
		return 0
	}
	left := part * float64(total)
	for i, c := range h.Counts {
		if left -= float64(c); left <= 0 || i == histogramSize-1 {
			return time.Microsecond << min(i, histogramSize-2)
		}
	}
	return 0
}

// counters are what Stats reads. The loop's goroutine writes them, once or twice a turn.
type counters struct {
	turns, events, calls atomic.Uint64
	asleep, atWork       atomic.Int64
	stuck                atomic.Uint64
	lag                  [histogramSize]atomic.Uint64
}

// worked notes the work of a turn.
func (c *counters) worked(d time.Duration) {
	c.atWork.Add(int64(d))
	c.lag[min(bits.Len64(uint64(max(d, 0)/time.Microsecond)), histogramSize-1)].Add(1)
}

// Stats reads the counters. It may be called from any goroutine and as often as one likes: it does
// not stop the loop.
func (l *Loop) Stats() Stats {
	l.table.mu.Lock()
	st := Stats{
		Descriptors: l.table.used,
		Slots:       len(l.table.chunks) * chunkSize,
		Timers:      l.timers.len(),
		Tasks:       int(l.alive.Load()),
	}
	l.table.mu.Unlock()
	c := &l.counted
	st.Turns, st.Events, st.Calls, st.Stuck = c.turns.Load(), c.events.Load(), c.calls.Load(), c.stuck.Load()
	st.Asleep, st.AtWork = time.Duration(c.asleep.Load()), time.Duration(c.atWork.Load())
	for i := range c.lag {
		st.Lag.Counts[i] = c.lag[i].Load()
	}
	st.Lag.Sum = st.AtWork
	return st
}
