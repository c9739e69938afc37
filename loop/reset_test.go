package loop

import (
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/polluxio/pollux/timeouts"
)

// Reset starts a timer anew in every state.

func TestReset(t *testing.T) {
	const d = time.Second
	for _, tt := range []struct {
		name    string
		prepare func(s *stage, timer *Timer) // acts on a timer that was started with d
		ran     int                          // by then
		pending bool                         // the result of Reset
	}{
		{"that is started", func(*stage, *Timer) {}, 0, true},
		{"that is over", func(s *stage, _ *Timer) {
			s.p.advance(d + timeouts.Tick)
			s.turns()
		}, 1, false},
		{"that is stopped", func(_ *stage, timer *Timer) { timer.Stop() }, 0, false},
		{"that is over, and stopped", func(s *stage, timer *Timer) {
			s.p.advance(d + timeouts.Tick)
			s.turns()
			timer.Stop()
		}, 1, false},
		{"that was reset before", func(_ *stage, timer *Timer) { timer.Reset(time.Hour) }, 0, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := newStage(t)
			ran := 0
			timer := s.After(d, func() { ran++ })
			tt.prepare(s, timer)
			if ran != tt.ran {
				t.Fatalf("it ran %d times, want %d", ran, tt.ran)
			}
			if got := timer.Reset(time.Minute); got != tt.pending {
				t.Errorf("Reset: %v, want %v", got, tt.pending)
			}
			s.p.advance(time.Minute - time.Nanosecond)
			if s.turns(); ran != tt.ran {
				t.Error("it ran too early")
			}
			s.p.advance(timeouts.Tick + time.Nanosecond)
			if s.turns(); ran != tt.ran+1 {
				t.Errorf("it ran %d times after Reset, want once", ran-tt.ran)
			}
			if n := s.Stats().Timers; n != 0 {
				t.Errorf("%d timers are left", n)
			}
		})
	}
}

// A timer whose time never comes is pending like any other. A program that stops the timer must not
// take it for one that has run.
func TestTimerThatNeverComes(t *testing.T) {
	for _, d := range []time.Duration{timeouts.Forever, timeouts.Forever - 1} {
		s := newStage(t)
		ran := 0
		timer := s.After(time.Second, func() { ran++ })
		for range 2 {
			if !timer.Reset(d) {
				t.Error("Reset: no call was pending")
			}
		}
		s.p.advance(time.Hour)
		if s.turns(); ran != 0 {
			t.Error("it ran")
		}
		if !timer.Stop() || timer.Stop() {
			t.Error("Stop: want true the first time only")
		}
		timer.Reset(d)
		timer.Reset(time.Second)
		s.p.advance(time.Second + timeouts.Tick)
		if s.turns(); ran != 1 || timer.Stop() {
			t.Errorf("it ran %d times after Reset, want once, and then no call is pending", ran)
		}
	}
}

// Reset drops a call that is due and queued. A call at the new time follows.
func TestResetOfOneThatIsDue(t *testing.T) {
	for _, every := range []bool{false, true} {
		for _, again := range []time.Duration{0, time.Second} {
			s := newStage(t)
			ran := 0
			var second *Timer
			first := s.After(time.Second, func() {
				if !second.Reset(again) {
					t.Error("no call was to come")
				}
			})
			if every {
				second = s.Every(time.Second+time.Millisecond, func() { ran++ })
			} else {
				second = s.After(time.Second+time.Millisecond, func() { ran++ })
			}
			s.p.advance(time.Second + 2*time.Millisecond) // both are due in one turn
			if s.turn(); ran != 0 {
				t.Errorf("every: %v: the call that was due has run", every)
			}
			s.p.advance(again + time.Millisecond + timeouts.Tick)
			if s.turns(); ran != 1 {
				t.Errorf("every: %v: it ran %d times, want once", every, ran)
			}
			if first.Stop() {
				t.Error("the first is still to come")
			}
		}
	}
}

func TestResetByItself(t *testing.T) {
	s := newStage(t)
	ran := 0
	var timer *Timer
	timer = s.After(time.Second, func() {
		if ran++; ran < 5 && timer.Reset(time.Second) {
			t.Error("a call was to come, and this is it")
		}
	})
	for want := 1; want <= 5; want++ {
		s.p.advance(time.Second + timeouts.Tick)
		if s.turns(); ran != want {
			t.Fatalf("it ran %d times, want %d", ran, want)
		}
	}
	s.p.advance(time.Hour)
	if s.turns(); ran != 5 || s.Stats().Timers != 0 {
		t.Errorf("it ran %d times, with %d timers; want 5 and none", ran, s.Stats().Timers)
	}
}

func TestResetOfEvery(t *testing.T) {
	s := newStage(t)
	ran := 0
	timer := s.Every(time.Second, func() { ran++ })
	step := func(d time.Duration, want int, why string) {
		t.Helper()
		s.p.advance(d)
		if s.turns(); ran != want {
			t.Fatalf("%s: it ran %d times, want %d", why, ran, want)
		}
	}
	step(time.Second+timeouts.Tick, 1, "a second")
	if !timer.Reset(time.Minute) {
		t.Error("no call was to come")
	}
	step(2*time.Second, 1, "the second is a minute now")
	step(time.Minute, 2, "a minute")
	step(time.Minute, 3, "another minute")
	timer.Reset(-1)
	step(time.Millisecond+timeouts.Tick, 4, "a millisecond is the least")
	step(time.Millisecond+timeouts.Tick, 5, "a millisecond is the least")
	timer.Stop()
	step(time.Hour, 5, "it is stopped")
	if timer.Reset(time.Second) {
		t.Error("a call was to come from one that is stopped")
	}
	step(time.Second+timeouts.Tick, 6, "it goes on after Stop")
	timer.Stop()
}

// Reset by another goroutine while the function runs starts the timer anew.
func TestResetWhileItRuns(t *testing.T) {
	s := newStage(t)
	s.run()
	inside, goOn := make(chan struct{}), make(chan struct{})
	timer := s.After(0, func() {
		inside <- struct{}{}
		<-goOn
	})
	s.p.advance(time.Millisecond)
	receive(t, "the first call", inside)
	if timer.Reset(time.Second) {
		t.Error("a call was to come, and it is under way")
	}
	goOn <- struct{}{}
	s.idle()
	s.p.advance(time.Second + timeouts.Tick)
	receive(t, "the second call", inside)
	goOn <- struct{}{}
}

// A timer that is moved to before the end of the loop's sleep wakes the loop.
func TestResetWakesTheLoop(t *testing.T) {
	s := newStage(t)
	s.run()
	ran := make(chan struct{}, 1)
	timer := s.After(time.Hour, func() { ran <- struct{}{} })
	s.idle()
	timer.Reset(time.Second)
	s.idle()
	s.p.advance(time.Second + timeouts.Tick)
	receive(t, "the call", ran)
}

func TestResetOnAClosedLoop(t *testing.T) {
	s := newStage(t)
	s.Close()
	timer := s.After(time.Hour, func() { t.Error("it ran") })
	if timer.Reset(0) {
		t.Error("a call was to come, and the loop is closed")
	}
	if n := s.Stats().Timers; n != 0 {
		t.Errorf("%d timers run", n)
	}
}

// Each start of a timer makes one call, unless a Reset or Stop returns that it has canceled the
// call.
func TestResetFromManyGoroutines(t *testing.T) {
	s := newStage(t)
	s.run()
	var ran, canceled, starts atomic.Int64
	timers := make([]*Timer, 3)
	for i := range timers {
		starts.Add(1)
		timers[i] = s.After(time.Millisecond, func() { ran.Add(1) })
	}
	var wg sync.WaitGroup
	for g := range 4 {
		wg.Go(func() {
			for i := range 500 {
				timer := timers[(g+i)%len(timers)]
				if i%5 == 4 {
					if timer.Stop() {
						canceled.Add(1)
					}
				} else {
					starts.Add(1)
					if timer.Reset(time.Duration(i%3) * time.Millisecond) {
						canceled.Add(1)
					}
				}
				s.p.advance(time.Millisecond / 4)
			}
		})
	}
	within(t, "the end of all goroutines", wg.Wait)
	s.p.advance(time.Second)
	until(t, "each start has its call", func() bool { return ran.Load()+canceled.Load() >= starts.Load() })
	s.idle()
	if ran.Load()+canceled.Load() != starts.Load() || s.Stats().Timers != 0 {
		t.Errorf("%d starts, %d calls, %d canceled; %d timers are left", starts.Load(), ran.Load(), canceled.Load(), s.Stats().Timers)
	}
}
