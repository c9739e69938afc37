package loop

import (
	"math/bits"
	"sync/atomic"
	"time"
)

// Stats is a snapshot of a loop: the things that it holds, and counters, which never decrease.
type Stats struct {
	Descriptors int // registered descriptors
	Slots       int // slots of the table, in use or free
	Timers      int // running timers
	Tasks       int // tasks that have begun and not ended

	Turns  uint64        // turns so far
	Events uint64        // events of descriptors that were served
	Calls  uint64        // calls of posted functions and of timers, and resumptions of tasks
	Asleep time.Duration // time in waits
	AtWork time.Duration // time between waits
	Stuck  uint64        // how often a callback or a task held the loop longer than Config.StuckAfter
	Lag    Histogram     // for each turn, the longest time that ready work had to wait in it
}

// A Histogram counts times. Counts[i] counts the times below 2ⁱ microseconds that no earlier count
// includes. The last one counts all others, from half a second on.
type Histogram struct {
	Counts [histogramSize]uint64
	Sum    time.Duration
}

const histogramSize = 21

// Bound returns the time that is above all times of Counts[i]. For the last count, which has no
// bound, it is negative.
func (Histogram) Bound(i int) time.Duration {
	if i == histogramSize-1 {
		return -1
	}
	return time.Microsecond << i
}

// Total returns the number of times that were counted.
func (h Histogram) Total() (n uint64) {
	for _, c := range h.Counts {
		n += c
	}
	return n
}

// Quantile returns a bound for a part of all times, 0 to 1: at least that part was below it. It is
// exact to a factor of two. It is 0 if no time was counted. Half a second stands for every longer
// time.
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

// counters holds the values for Stats. The loop's goroutine writes them, once or twice a turn.
type counters struct {
	turns, events, calls atomic.Uint64
	asleep, atWork       atomic.Int64
	stuck                atomic.Uint64
	lag                  [histogramSize]atomic.Uint64
}

// worked records the work of a turn.
func (c *counters) worked(d time.Duration) {
	c.atWork.Add(int64(d))
	c.lag[min(bits.Len64(uint64(max(d, 0)/time.Microsecond)), histogramSize-1)].Add(1)
}

// Stats returns the counts of this moment. Any goroutine may call it at any time: it does not stop
// the loop.
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
