package timeouts_test

import (
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/polluxio/pollux/timeouts"
)

const million = 1_000_000

// randomOrder makes a benchmark touch its timers as a server does: not in the order in which they
// lie in memory.
func randomOrder(n int) []int32 {
	random := rand.New(rand.NewPCG(1, 2))
	order := make([]int32, n)
	for i, v := range random.Perm(n) {
		order[i] = int32(v)
	}
	return order
}

// upTo returns n random durations in [0, most).
func upTo(most time.Duration, n int) []time.Duration {
	random := rand.New(rand.NewPCG(3, 4))
	spans := make([]time.Duration, n)
	for i := range spans {
		spans[i] = time.Duration(random.Int64N(int64(most)))
	}
	return spans
}

// BenchmarkPushBack moves the deadline of one of a million started timers further away, as each
// message of a connection does.
func BenchmarkPushBack(b *testing.B) {
	order, spans := randomOrder(million), upTo(time.Minute, million)

	b.Run("impl=ours/timers=1e6", func(b *testing.B) {
		now := timeouts.Deadline(time.Second)
		w := timeouts.NewWheel(now)
		timers := make([]timeouts.Timer, million)
		for i := range timers {
			w.Start(&timers[i], now.Add(time.Hour+spans[i]))
		}
		i := 0
		for b.Loop() {
			now++
			w.Start(&timers[order[i]], now.Add(2*time.Hour))
			if i++; i == million {
				i = 0
			}
		}
	})
	b.Run("impl=time/timers=1e6", func(b *testing.B) {
		timers := make([]*time.Timer, million)
		for i := range timers {
			timers[i] = time.AfterFunc(time.Hour+spans[i], func() {})
		}
		i := 0
		for b.Loop() {
			timers[order[i]].Reset(2 * time.Hour)
			if i++; i == million {
				i = 0
			}
		}
		b.StopTimer()
		for _, t := range timers {
			t.Stop()
		}
	})
}

// BenchmarkStartStop starts a timer and stops it, beside a million others: a call with a timeout
// that it does not need.
func BenchmarkStartStop(b *testing.B) {
	spans := upTo(time.Minute, million)

	b.Run("impl=ours/timers=1e6", func(b *testing.B) {
		now := timeouts.Deadline(time.Second)
		w := timeouts.NewWheel(now)
		timers := make([]timeouts.Timer, million)
		for i := range timers {
			w.Start(&timers[i], now.Add(time.Hour+spans[i]))
		}
		var timer timeouts.Timer
		i := 0
		for b.Loop() {
			w.Start(&timer, now.Add(spans[i]))
			w.Stop(&timer)
			if i++; i == million {
				i = 0
			}
		}
	})
	b.Run("impl=time/timers=1e6", func(b *testing.B) {
		timers := make([]*time.Timer, million)
		for i := range timers {
			timers[i] = time.AfterFunc(time.Hour+spans[i], func() {})
		}
		timer := time.AfterFunc(time.Hour, func() {})
		i := 0
		for b.Loop() {
			timer.Reset(spans[i] + time.Second) // never so soon that it fires
			timer.Stop()
			if i++; i == million {
				i = 0
			}
		}
		b.StopTimer()
		for _, t := range timers {
			t.Stop()
		}
	})
}

// BenchmarkExpire starts a million timers and lets all expire. The wheel gets a time that moves
// on by 1 ms a turn over a minute; package time has no such clock, so its timers are due within a
// millisecond, and each costs a goroutine too, which is how AfterFunc fires.
func BenchmarkExpire(b *testing.B) {
	perTimer := func(b *testing.B) {
		b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/million, "ns/timer")
	}

	b.Run("impl=ours/timers=1e6", func(b *testing.B) {
		spans := upTo(time.Minute, million)
		now := timeouts.Deadline(time.Second)
		w := timeouts.NewWheel(now)
		timers := make([]timeouts.Timer, million)
		for b.Loop() {
			for i := range timers {
				w.Start(&timers[i], now.Add(spans[i]))
			}
			for w.Len() > 0 {
				now = now.Add(time.Millisecond)
				for w.Pop(now) != nil {
				}
			}
		}
		perTimer(b)
	})
	b.Run("impl=time/timers=1e6", func(b *testing.B) {
		spans := upTo(time.Millisecond, million)
		var wg sync.WaitGroup
		timers := make([]*time.Timer, million)
		for i := range timers {
			timers[i] = time.AfterFunc(time.Hour, wg.Done)
		}
		for b.Loop() {
			wg.Add(million)
			for i, t := range timers {
				t.Reset(spans[i])
			}
			wg.Wait()
		}
		perTimer(b)
	})
}
