package timeouts_test

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/polluxio/pollux/timeouts"
)

const tick = timeouts.Deadline(timeouts.Tick)

// drain returns how many timers expire at now.
func drain(w *timeouts.Wheel, now timeouts.Deadline) (n int) {
	for w.Pop(now) != nil {
		n++
	}
	return n
}

// A timer is alone in the wheel, and its driver sleeps until Next each time: it must come within
// a tick after its deadline and after few wake-ups, wherever the hand and the deadline lie about
// the ends of slots.
func TestOnTimeAtLevelBoundaries(t *testing.T) {
	around := []timeouts.Deadline{-tick - 1, -tick, -tick + 1, -1, 0, 1, tick - 1, tick, tick + 1}
	var instants []timeouts.Deadline
	for power := 16; power <= 62; power++ {
		for _, off := range around {
			if d := timeouts.Deadline(1)<<power + off; d >= 0 {
				instants = append(instants, d, d|timeouts.Deadline(1)<<62)
			}
		}
	}
	for _, start := range instants {
		start = min(start, timeouts.Never-1)
		for _, d := range instants {
			if roundUp(d) == timeouts.Never {
				continue
			}
			w := timeouts.NewWheel(start)
			var timer timeouts.Timer
			w.Start(&timer, d)
			for wakes := 1; ; wakes++ {
				now := w.Next()
				if now < start || now > max(roundUp(d), start) {
					t.Fatalf("from %d for %d: wakes at %d", start, d, now)
				}
				if w.Pop(now) == &timer {
					if now < d {
						t.Fatalf("from %d for %d: early, at %d", start, d, now)
					}
					break
				}
				if wakes == 8 {
					t.Fatalf("from %d for %d: no expiry after 8 wake-ups", start, d)
				}
			}
		}
	}
}

// Many timers, pushed back and pulled forward at random, and the driver looks only at Next.
func TestOnTimeByNextAlone(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	far := func() time.Duration { return time.Duration(random.Uint64() >> (8 + random.IntN(48))) }
	now := timeouts.Deadline(time.Second)
	w := timeouts.NewWheel(now)
	timers := make([]timer, 200)
	for i := range timers {
		timers[i].Owner = &timers[i]
		timers[i].deadline = now.Add(far())
		w.Start(&timers[i].Timer, timers[i].deadline)
	}
	for left := 20_000; w.Len() > 0; left-- {
		now = max(now, w.Next())
		for n := w.Pop(now); n != nil; n = w.Pop(now) {
			timer := n.Owner.(*timer)
			if now < timer.deadline || now >= timer.deadline+tick {
				t.Fatalf("a timer for %d expired at %d", timer.deadline, now)
			}
			if left > 0 {
				timer.deadline = now.Add(far() + 1)
				w.Start(n, timer.deadline)
			}
		}
		if timer := &timers[random.IntN(len(timers))]; timer.Started() {
			timer.deadline = now.Add(far() + 1)
			w.Start(&timer.Timer, timer.deadline)
		}
	}
}

func TestPushBackStays(t *testing.T) {
	w := timeouts.NewWheel(1)
	var timer timeouts.Timer
	first, second := 100*tick, 1000*tick
	w.Start(&timer, first)
	next := w.Next()
	w.Start(&timer, second)
	if got := timer.Deadline(); got != second {
		t.Errorf("the deadline is %d, want %d", got, second)
	}
	if got := w.Next(); got != next {
		t.Errorf("Next is %d after the push-back, %d before: the node has moved", got, next)
	}
	if n := drain(w, second-1); n != 0 {
		t.Errorf("expired at its old deadline")
	}
	if n := drain(w, second); n != 1 {
		t.Errorf("%d timers expired at the new deadline, want 1", n)
	}
}

func TestPullForwardMoves(t *testing.T) {
	w := timeouts.NewWheel(1)
	var timer timeouts.Timer
	w.Start(&timer, timeouts.Deadline(time.Hour))
	w.Start(&timer, timeouts.Deadline(time.Second))
	if got := w.Next(); got > timeouts.Deadline(time.Second) {
		t.Errorf("Next is %v", got)
	}
	if n := drain(w, timeouts.Deadline(time.Second)+tick); n != 1 {
		t.Errorf("%d timers expired, want 1", n)
	}
}

func TestOverdueExpiresAtOnce(t *testing.T) {
	for _, d := range []timeouts.Deadline{-1, timeouts.Now, 1, 12345} {
		w := timeouts.NewWheel(12345)
		var timer timeouts.Timer
		w.Start(&timer, d)
		if next := w.Next(); next != 12345 {
			t.Errorf("for %d Next is %d", d, next)
		}
		if w.Pop(12345) != &timer {
			t.Errorf("for %d nothing expired", d)
		}
	}
}

func TestDrainEnds(t *testing.T) {
	const timers, now = 10, 1000 * tick
	w := timeouts.NewWheel(1)
	for i := range timers {
		w.Start(new(timeouts.Timer), timeouts.Deadline(i)*100*tick)
	}
	for round := range 3 {
		n := 0
		for timer := w.Pop(now); timer != nil; timer = w.Pop(now) {
			w.Start(timer, now-timeouts.Deadline(n))
			if n++; n > timers {
				t.Fatalf("drain %d yielded more than the %d timers", round, timers)
			}
		}
		if n != timers {
			t.Errorf("drain %d yielded %d timers, want %d", round, n, timers)
		}
	}
}

// A drain that stopped short, for a budget, goes on with what is left.
func TestDrainGoesOn(t *testing.T) {
	w := timeouts.NewWheel(1)
	var early, late, again timeouts.Timer
	w.Start(&early, 10*tick)
	w.Start(&late, 70*tick)
	if w.Pop(100*tick) != &early {
		t.Fatal("the first to expire is not the earliest")
	}
	w.Start(&again, 5*tick)
	if next := w.Next(); next != 100*tick {
		t.Errorf("Next is %d with timers left over", next)
	}
	if w.Pop(200*tick) != &late {
		t.Error("what was started overdue in the drain came before what was left")
	}
	if w.Pop(200*tick) != nil {
		t.Error("the drain yielded what was started overdue in it")
	}
	if w.Pop(200*tick) != &again {
		t.Error("the next drain does not begin with what waited for it")
	}
}

func TestTimeGoesBack(t *testing.T) {
	w := timeouts.NewWheel(1000 * tick)
	var overdue, soon timeouts.Timer
	w.Start(&overdue, 10*tick)
	w.Start(&soon, 1001*tick)
	for _, now := range []timeouts.Deadline{minDeadline, -1, 0, 10 * tick, 1000*tick - 1} {
		if w.Pop(now) != nil {
			t.Errorf("a timer expired at %d", now)
		}
	}
	if w.Pop(1000*tick) != &overdue || w.Pop(1001*tick) != &soon {
		t.Error("the timers do not expire when time is back")
	}
}

// A suspended machine, or a bad clock: ages pass between two looks. Tick by tick this would never
// end.
func TestTimeJumps(t *testing.T) {
	const year = timeouts.Deadline(365 * 24 * time.Hour)
	w := timeouts.NewWheel(1)
	timers := 0
	for d := timeouts.Deadline(1); d < 200*year; d += d/3 + 1 {
		w.Start(new(timeouts.Timer), d)
		timers++
	}
	var far timeouts.Timer
	w.Start(&far, 290*year)
	if n := drain(w, 201*year); n != timers {
		t.Errorf("%d timers expired, want %d", n, timers)
	}
	if n := drain(w, timeouts.Never); n != 1 || far.Started() {
		t.Errorf("%d timers expired at the end of time, want 1", n)
	}
	w.Start(&far, timeouts.Now)
	if next := w.Next(); next == timeouts.Never {
		t.Error("no wake-up for an overdue timer at the end of time")
	}
}

func TestNeverStops(t *testing.T) {
	for _, d := range []timeouts.Deadline{timeouts.Never, timeouts.Never - 1, timeouts.Never - tick + 2} {
		w := timeouts.NewWheel(1)
		var timer timeouts.Timer
		w.Start(&timer, d)
		if timer.Started() || w.Len() != 0 {
			t.Errorf("started for %d", d)
		}
		w.Start(&timer, 10*tick)
		w.Start(&timer, d)
		if timer.Started() || w.Len() != 0 || timer.Deadline() != timeouts.Never || w.Next() != timeouts.Never {
			t.Errorf("still started for %d", d)
		}
	}
	w := timeouts.NewWheel(1)
	var timer timeouts.Timer
	w.Start(&timer, timeouts.Never-tick+1)
	if w.Pop(timeouts.Never-tick) != nil || w.Pop(timeouts.Never-tick+1) != &timer {
		t.Error("the latest deadline of all is not kept")
	}
}

func TestStop(t *testing.T) {
	w := timeouts.NewWheel(1)
	var timer timeouts.Timer
	w.Stop(&timer)
	for _, d := range []timeouts.Deadline{timeouts.Now, 10 * tick, timeouts.Deadline(time.Hour)} {
		w.Start(&timer, d)
		w.Stop(&timer)
		w.Stop(&timer)
		if timer.Started() || timer.Deadline() != timeouts.Never || w.Len() != 0 || w.Next() != timeouts.Never {
			t.Errorf("for %d: stopped, but deadline %v, Len %d, Next %v", d, timer.Deadline(), w.Len(), w.Next())
		}
	}
	if n := drain(w, timeouts.Never-1); n != 0 {
		t.Errorf("%d stopped timers expired", n)
	}
}

// No clock reads these, but a caller may pass them.
func TestStartAtTheEndsOfTime(t *testing.T) {
	for _, now := range []timeouts.Deadline{minDeadline, -1, timeouts.Now, timeouts.Never - 1, timeouts.Never} {
		w := timeouts.NewWheel(now)
		if err := timeouts.Check(w); err != nil {
			t.Errorf("a wheel at %d: %v", now, err)
		}
		var timer timeouts.Timer
		w.Start(&timer, timeouts.Now)
		if next := w.Next(); next < timeouts.Now || next == timeouts.Never || w.Pop(next) != &timer {
			t.Errorf("a wheel at %d: an overdue timer does not expire at Next, %d", now, next)
		}
	}
}

func TestZeroWheel(t *testing.T) {
	var w timeouts.Wheel
	if w.Next() != timeouts.Never || w.Pop(1) != nil || w.Len() != 0 {
		t.Error("the zero wheel is not empty")
	}
	var timer timeouts.Timer
	w.Start(&timer, timeouts.Deadline(time.Second))
	if n := drain(&w, timeouts.Deadline(2*time.Second)); n != 1 {
		t.Errorf("%d timers expired, want 1", n)
	}
}

func TestNothingIsAllocated(t *testing.T) {
	now := timeouts.Deadline(time.Second)
	w := timeouts.NewWheel(now)
	timers := make([]timeouts.Timer, 100)
	allocs := testing.AllocsPerRun(100, func() {
		for i := range timers {
			w.Start(&timers[i], now.Add(time.Duration(i)*time.Millisecond))
			w.Start(&timers[i], now.Add(time.Duration(i)*time.Second))
		}
		w.Stop(&timers[5])
		for w.Len() > 0 {
			now = w.Next()
			for timer := w.Pop(now); timer != nil; timer = w.Pop(now) {
				_ = timer.Deadline()
			}
		}
	})
	if allocs != 0 {
		t.Errorf("the wheel: %v allocations", allocs)
	}
	allocs = testing.AllocsPerRun(100, func() { now = timeouts.System.Now() })
	if allocs != 0 {
		t.Errorf("the clock: %v allocations", allocs)
	}
}
