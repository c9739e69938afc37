package loop

import (
	"context"
	"runtime"
	"slices"
	"testing"
	"time"

	"github.com/polluxio/pollux"
	"github.com/polluxio/pollux/internal/bare"
	"github.com/polluxio/pollux/internal/pollers"
	"github.com/polluxio/pollux/timeouts"
)

// A goroutine that user code on a loop makes ready runs at once, whether the loop waits next or
// never waits. Otherwise it would wait until Go's runtime takes the processor from the loop, which
// can take 10 ms and more.
func TestWokenGoroutineRuns(t *testing.T) {
	p, err := pollux.New(nil)
	if err != nil {
		t.Skipf("%v: a poller for this system lifts this skip", err)
	}
	p.Close()
	for _, tt := range []struct {
		name string
		busy bool // the loop never sleeps
		wake func(l *Loop, do func())
	}{
		{"posted function", false, func(l *Loop, do func()) { l.Post(do) }},
		{"posted function, busy loop", true, func(l *Loop, do func()) { l.Post(do) }},
		{"task", false, func(l *Loop, do func()) { l.Go(func(*Task) { do() }) }},
		{"task, busy loop", true, func(l *Loop, do func()) { l.Go(func(*Task) { do() }) }},
		{"timer", false, func(l *Loop, do func()) { l.Post(func() { l.After(time.Microsecond, do) }) }},
	} {
		t.Run(tt.name, func(t *testing.T) {
			bare.FineClock(t)
			if tt.busy && pollers.FromEnv() != nil {
				t.Skip("a poller for tests does not let others run when it only looks")
			}
			defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
			l, err := New(nil)
			if err != nil {
				t.Fatal(err)
			}
			over := make(chan error, 1)
			go func() { over <- l.Run(context.Background()) }()
			defer func() {
				l.Close()
				receive(t, "the end of Run", over)
			}()
			if tt.busy {
				l.Go(func(task *Task) {
					for !l.closed.Load() {
						task.Yield()
					}
				})
			}
			news := make(chan time.Time, 1)
			middle := time.Duration(0)
			for range 5 { // a busy machine also delays it
				var waits []time.Duration
				for range 30 {
					tt.wake(l, func() { news <- time.Now() })
					waits = append(waits, time.Since(receive(t, "the news", news)))
				}
				slices.Sort(waits)
				if middle = waits[len(waits)/2]; middle <= 2*time.Millisecond {
					return
				}
			}
			t.Errorf("half of the goroutines waited for more than %v", middle)
		})
	}
}

// A long turn calls the poller's Yield between its steps.
func TestLongTurnYields(t *testing.T) {
	const many = 8 * yieldEvery
	for what, do := range map[string]func(s *stage){
		"events": func(s *stage) {
			var events []pollux.Event
			for range many {
				fd := s.descriptor()
				s.watch(fd, func(pollux.Ready) {})
				events = append(events, s.ready(fd, pollux.Readable))
			}
			s.turn(events...)
		},
		"functions": func(s *stage) {
			for range many {
				s.Post(func() {})
			}
			s.turn()
		},
		"tasks": func(s *stage) {
			for range many {
				s.Go(func(*Task) {})
			}
			s.turn()
		},
		"descriptors to come back to": func(s *stage) {
			var events []pollux.Event
			for range many {
				fd := s.descriptor()
				s.watch(fd, func(pollux.Ready) {
					if enter(fd, Read, false) == nil {
						exit(fd, Read, false, Outcome{N: 1}, nil)
					}
				})
				events = append(events, s.ready(fd, pollux.Readable))
			}
			s.turn(events...)
			s.p.yields = 0
			s.turn()
		},
	} {
		s := newStage(t)
		do(s)
		if s.p.yields != many/yieldEvery {
			t.Errorf("%d %s: %d calls of Yield, want %d", many, what, s.p.yields, many/yieldEvery)
		}
	}
	s := newStage(t)
	for range yieldEvery - 1 {
		s.Post(func() {})
	}
	if s.turn(); s.p.yields != 0 {
		t.Errorf("%d calls of Yield in a short turn, want none", s.p.yields)
	}
}

// A goroutine whose operations never have to wait lets others run, in each way to make them.
func TestGoroutineThatNeverWaitsLetsOthersRun(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	for _, by := range []string{"Do", "Begin and End"} {
		s := newStage(t)
		fd := s.joined()
		keepUntil.Store(0)
		ran := make(chan struct{})
		go func() { close(ran) }()
		for range 4 * runMost {
			c := Call{Timeout: timeouts.Forever}
			var err error
			if by == "Do" {
				err = fd.Do(&c, &play{parts: []part{done}})
			} else {
				err = attempts(fd, &c, &play{parts: []part{done}})
			}
			if err != nil {
				t.Fatal(err)
			}
		}
		select {
		case <-ran:
		default:
			t.Errorf("%s: another goroutine was ready for %d operations, and did not run", by, 4*runMost)
		}
	}
}
