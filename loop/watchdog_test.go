package loop_test

import (
	"context"
	"log/slog"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/polluxio/pollux/loop"
)

// A journal keeps all log entries.
type journal struct {
	mu   sync.Mutex
	text []string
}

func (j *journal) Enabled(context.Context, slog.Level) bool { return true }
func (j *journal) WithAttrs([]slog.Attr) slog.Handler       { return j }
func (j *journal) WithGroup(string) slog.Handler            { return j }
func (j *journal) Handle(_ context.Context, r slog.Record) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	text := r.Message
	r.Attrs(func(a slog.Attr) bool { text += " " + a.String(); return true })
	j.text = append(j.text, text)
	return nil
}

func (j *journal) all() string {
	j.mu.Lock()
	defer j.mu.Unlock()
	return strings.Join(j.text, "\n")
}

//go:noinline
func holdsItsLoop(enough func() bool) {
	for give := time.Now().Add(10 * time.Second); !enough() && time.Now().Before(give); {
		runtime.Gosched()
	}
}

// A function or a task that holds its loop is logged once with its stack, and counted. It holds the
// loop until the entry is there and then for as long again. The test does this at once, and when
// the loop has slept so long that the watchdog dozes. An entry about anything else is the
// machine's, which may stop the loop as well.
func TestWatchdog(t *testing.T) {
	const after = 50 * time.Millisecond
	j := new(journal)
	r, err := loop.NewReactor(&loop.Config{Loops: 1, StuckAfter: after, Logger: slog.New(j)})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	l := r.Loops()[0]
	entries := func() int { return strings.Count(j.all(), "holdsItsLoop(") }
	hold := func(n int) func() {
		return func() {
			holdsItsLoop(func() bool { return entries() == n })
			end := time.Now().Add(3 * after)
			holdsItsLoop(func() bool { return time.Now().After(end) })
		}
	}
	for i, start := range []func(fn func()){
		func(fn func()) { l.Post(fn) },
		func(fn func()) { l.Go(func(*loop.Task) { fn() }) },
	} {
		for give := time.Now().Add(10 * time.Second); i > 0 && !loop.WatchdogDozes(l); runtime.Gosched() {
			if time.Now().After(give) {
				t.Fatal("the watchdog of a loop that sleeps does not doze")
			}
		}
		before := l.Stats().Stuck
		start(hold(i + 1))
		l.Go(func(*loop.Task) {}).Wait(t.Context())
		if n := l.Stats().Stuck; n <= before {
			t.Errorf("counted %d times, %d before", n, before)
		}
		if n := entries(); n != i+1 {
			t.Errorf("logged %d times, want %d: %s", n, i+1, j.all())
		}
	}
}

func TestStatistics(t *testing.T) {
	l := running(t, 1)[0]
	before := l.Stats()
	for range 10 {
		l.Go(func(*loop.Task) {}).Wait(t.Context())
	}
	l.Go(func(*loop.Task) {
		end := time.Now().Add(3 * time.Millisecond)
		holdsItsLoop(func() bool { return time.Now().After(end) })
	}).Wait(t.Context())
	for give := time.Now().Add(10 * time.Second); l.Stats().Asleep < 4*time.Millisecond && time.Now().Before(give); {
		slept := make(chan struct{})
		l.After(5*time.Millisecond, func() { close(slept) }) // on a machine that stands still, the loop may find it due
		<-slept
	}
	l.Go(func(*loop.Task) {}).Wait(t.Context())
	st := l.Stats()
	for give := time.Now().Add(10 * time.Second); st.Calls < before.Calls+12 && time.Now().Before(give); st = l.Stats() {
		runtime.Gosched() // a task is over a moment before it is counted
	}
	if st.Turns <= before.Turns || st.Calls < before.Calls+12 || st.AtWork < 3*time.Millisecond || st.Asleep < 4*time.Millisecond {
		t.Errorf("%+v", st)
	}
	if n := st.Lag.Total(); n < 2 || st.Lag.Quantile(1) < 2*time.Millisecond || st.Lag.Quantile(0) > st.Lag.Quantile(1) {
		t.Errorf("lag %+v", st.Lag)
	}
	if (loop.Histogram{}).Quantile(0.5) != 0 || st.Lag.Bound(0) != time.Microsecond || st.Lag.Bound(20) >= 0 {
		t.Error("bounds")
	}
}

func TestCPUs(t *testing.T) {
	_, err := loop.NewReactor(&loop.Config{Loops: 1, CPUs: []int{5000}})
	if err == nil {
		t.Error("processor 5000")
	}
	if runtime.GOOS != "linux" {
		return
	}
	r, err := loop.NewReactor(&loop.Config{Loops: 3, CPUs: []int{0}})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	for _, l := range r.Loops() {
		if err := l.Go(func(*loop.Task) {}).Wait(t.Context()); err != nil {
			t.Error(err)
		}
	}
	if _, err := loop.NewReactor(&loop.Config{Loops: 1, CPUs: []int{1023}}); runtime.NumCPU() < 1024 && err == nil {
		t.Error("a processor that does not exist")
	}
}
