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
func holdsItsLoop(until time.Time) {
	for time.Now().Before(until) {
		runtime.Gosched()
	}
}

// A function or a task that holds its loop is logged once with its stack, and counted. The test
// does this at once and after a long sleep.
func TestWatchdog(t *testing.T) {
	j := new(journal)
	r, err := loop.NewReactor(&loop.Config{Loops: 1, StuckAfter: 20 * time.Millisecond, Logger: slog.New(j)})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	l := r.Loops()[0]
	for i, hold := range []func(){
		func() { l.Post(func() { holdsItsLoop(time.Now().Add(100 * time.Millisecond)) }) },
		func() { l.Go(func(*loop.Task) { holdsItsLoop(time.Now().Add(100 * time.Millisecond)) }) },
	} {
		time.Sleep(time.Duration(i) * 200 * time.Millisecond) // the watchdog dozes by then
		hold()
		l.Go(func(*loop.Task) {}).Wait(t.Context())
		for give := time.Now().Add(5 * time.Second); l.Stats().Stuck < uint64(i+1) && time.Now().Before(give); {
			time.Sleep(time.Millisecond)
		}
		if n := l.Stats().Stuck; n != uint64(i+1) {
			t.Errorf("counted %d times, want %d", n, i+1)
		}
		if text := j.all(); strings.Count(text, "holdsItsLoop") < i+1 {
			t.Errorf("the stack is not in the log: %s", text)
		}
	}
	if text := j.all(); strings.Count(text, "holds up its loop") != 2 {
		t.Errorf("logged %s", text)
	}
}

func TestStatistics(t *testing.T) {
	l := running(t, 1)[0]
	before := l.Stats()
	for range 10 {
		l.Go(func(*loop.Task) {}).Wait(t.Context())
	}
	l.Go(func(*loop.Task) { holdsItsLoop(time.Now().Add(3 * time.Millisecond)) }).Wait(t.Context())
	time.Sleep(5 * time.Millisecond)
	l.Go(func(*loop.Task) {}).Wait(t.Context())
	st := l.Stats()
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
