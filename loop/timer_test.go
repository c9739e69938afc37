package loop

import (
	"slices"
	"sync"
	"testing"
	"time"
)

// After and Every run a function on the loop, never early, until Stop.

func TestAfterIsNeverEarly(t *testing.T) {
	for _, d := range []time.Duration{-time.Hour, 0, 1, time.Millisecond, time.Hour} {
		t.Run(d.String(), func(t *testing.T) {
			s := newStage(t)
			s.p.advance(7654321)
			ran := 0
			s.After(d, func() { ran++ })
			if d > 0 {
				s.p.advance(d - 1)
				s.turns()
				if ran != 0 {
					t.Fatal("it ran early")
				}
				s.p.advance(1)
			}
			s.p.advance(100 * time.Microsecond)
			s.turns()
			if ran != 1 {
				t.Errorf("it ran %d times, want once", ran)
			}
			s.p.advance(time.Hour)
			s.turns()
			if ran != 1 || s.Stats().Timers != 0 {
				t.Errorf("it ran %d times; %d timers are left", ran, s.Stats().Timers)
			}
		})
	}
}

func TestAfterInOrder(t *testing.T) {
	s := newStage(t)
	var order []int
	for _, ms := range []int{30, 10, 20, 40} {
		s.After(time.Duration(ms)*time.Millisecond, func() { order = append(order, ms) })
	}
	s.p.advance(time.Second) // all are late
	s.turns()
	if want := []int{10, 20, 30, 40}; !slices.Equal(order, want) {
		t.Errorf("ran in the order %v, want %v", order, want)
	}
}

func TestStop(t *testing.T) {
	t.Run("before it is due", func(t *testing.T) {
		s := newStage(t)
		timer := s.After(time.Second, func() { t.Error("it ran") })
		if !timer.Stop() {
			t.Error("no call was to come")
		}
		if timer.Stop() || s.Stats().Timers != 0 {
			t.Error("it is not stopped")
		}
		s.p.advance(time.Hour)
		s.turns()
	})
	t.Run("when it is due, and has not run", func(t *testing.T) {
		s := newStage(t)
		var second *Timer
		s.After(time.Millisecond, func() {
			if !second.Stop() {
				t.Error("no call was to come")
			}
			if second.Stop() {
				t.Error("a call is still to come")
			}
		})
		second = s.After(2*time.Millisecond, func() { t.Error("it ran") })
		s.p.advance(time.Second) // both are due in one turn
		s.turns()
	})
	t.Run("afterwards", func(t *testing.T) {
		s := newStage(t)
		timer := s.After(0, func() {})
		s.p.advance(time.Millisecond)
		s.turns()
		if timer.Stop() {
			t.Error("a call is still to come")
		}
	})
	t.Run("by itself", func(t *testing.T) {
		s := newStage(t)
		ran := 0
		var timer *Timer
		timer = s.Every(time.Second, func() {
			if ran++; ran == 2 && !timer.Stop() {
				t.Error("no call was to come")
			}
		})
		for range 5 {
			s.p.advance(time.Second + time.Millisecond)
			s.turns()
		}
		if ran != 2 || s.Stats().Timers != 0 {
			t.Errorf("it ran %d times, want 2; %d timers are left", ran, s.Stats().Timers)
		}
	})
	t.Run("of one that repeats, when it is due", func(t *testing.T) {
		s := newStage(t)
		var repeating *Timer
		s.After(time.Second, func() { repeating.Stop() })
		repeating = s.Every(time.Second+time.Millisecond, func() { t.Error("it ran") })
		s.p.advance(2 * time.Second)
		s.turns()
		s.p.advance(time.Hour)
		s.turns()
	})
}

func TestEvery(t *testing.T) {
	s := newStage(t)
	start := s.Now()
	var at []time.Duration
	s.Every(10*time.Millisecond, func() { at = append(at, time.Duration(s.Now()-start)) })
	for range 5 {
		s.p.advance(10 * time.Millisecond)
		s.turns()
		s.p.advance(100 * time.Microsecond) // a tick is less
		s.turns()
	}
	if len(at) != 5 {
		t.Fatalf("it ran %d times in 50 ms, want 5", len(at))
	}
	for i, d := range at {
		if min := time.Duration(i+1) * 10 * time.Millisecond; d < min || d > min+time.Millisecond {
			t.Errorf("call %d came after %v, want %v", i, d, min)
		}
	}
}

// A loop that is late skips what it has missed, and keeps to the multiples.
func TestEverySkipsWhatWasMissed(t *testing.T) {
	s := newStage(t)
	ran := 0
	s.Every(10*time.Millisecond, func() { ran++ })
	s.p.advance(75 * time.Millisecond)
	s.turns()
	if ran != 1 {
		t.Fatalf("after seven and a half it ran %d times, want once", ran)
	}
	s.p.advance(4 * time.Millisecond)
	s.turns()
	if ran != 1 {
		t.Fatal("it ran before the eighth")
	}
	s.p.advance(1*time.Millisecond + 100*time.Microsecond)
	s.turns()
	if ran != 2 {
		t.Fatalf("after eight it ran %d times, want twice", ran)
	}
}

func TestEveryAMillisecondAtLeast(t *testing.T) {
	s := newStage(t)
	ran := 0
	s.Every(0, func() { ran++ })
	for range 10 {
		s.p.advance(time.Millisecond + 100*time.Microsecond)
		s.turns()
	}
	if ran < 9 || ran > 11 {
		t.Errorf("it ran %d times in 11 ms, want about 10", ran)
	}
}

// Timers may be started and stopped by anyone while the loop runs them: each that Stop says was
// stopped in time does not run.
func TestTimersFromManyGoroutines(t *testing.T) {
	s := newStage(t)
	s.run()
	var wg sync.WaitGroup
	var mu sync.Mutex
	ran, stopped, all := 0, 0, 0
	for g := range 4 {
		wg.Go(func() {
			for i := range 300 {
				timer := s.After(time.Duration(i%7)*time.Millisecond, func() {
					mu.Lock()
					ran++
					mu.Unlock()
				})
				if g%2 == 0 && timer.Stop() {
					mu.Lock()
					stopped++
					mu.Unlock()
				}
				s.p.advance(time.Millisecond / 4)
				mu.Lock()
				all++
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	s.p.advance(time.Second)
	until(t, "the last timer has run", func() bool {
		mu.Lock()
		defer mu.Unlock()
		return ran+stopped >= all
	})
	s.idle()
	if ran+stopped != all || s.Stats().Timers != 0 {
		t.Errorf("of %d timers %d ran and %d were stopped; %d are left", all, ran, stopped, s.Stats().Timers)
	}
}
