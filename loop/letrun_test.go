package loop

import (
	"context"
	"runtime"
	"slices"
	"testing"
	"time"

	"github.com/polluxio/pollux"
	"github.com/polluxio/pollux/internal/pollers"
)

// A goroutine that user code on a loop makes ready runs at once, whether the loop waits next or goes on for ever. Without that it
// would wait until Go's runtime takes the processor from the loop, up to 10 ms and more.
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
			for range 5 { // a busy machine delays it too
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
