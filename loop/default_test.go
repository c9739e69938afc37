package loop

import (
	"errors"
	"log/slog"
	"os"
	"runtime"
	"sync"
	"testing"

	"github.com/polluxio/pollux"
	"github.com/polluxio/pollux/internal/bare"
	"github.com/polluxio/pollux/timeouts"
)

func TestDefault(t *testing.T) {
	first, err := Default()
	if errors.Is(err, errors.ErrUnsupported) {
		t.Skipf("%v: a backend for %s lifts this skip", err, runtime.GOOS)
	}
	if err != nil {
		t.Fatal(err)
	}
	second, err := Default()
	if first != second || err != nil {
		t.Errorf("Default gives %p, then %p, %v", first, second, err)
	}
	if want := max(1, runtime.GOMAXPROCS(0)/2); len(first.Loops()) != want {
		t.Errorf("%d loops, want %d", len(first.Loops()), want)
	}
	ran := make(chan struct{})
	if err := first.Next().Post(func() { close(ran) }); err != nil {
		t.Fatal(err)
	}
	receive(t, "what was posted", ran)
}

// A future that names no loop runs its functions on one of the default reactor's loops.
func TestDefaultIsForThoseWhoNameNone(t *testing.T) {
	if _, err := Default(); errors.Is(err, errors.ErrUnsupported) {
		t.Skipf("%v: a backend for %s lifts this skip", err, runtime.GOOS)
	}
	ran := make(chan int)
	Settled(5, nil).Then(func(v int, err error) {
		if err != nil {
			t.Error(err)
		}
		ran <- v
	})
	if v := receive(t, "Then", ran); v != 5 {
		t.Errorf("got %d, want 5", v)
	}
}

func TestConfigDefaults(t *testing.T) {
	for _, c := range []*Config{nil, {}, {Workers: -1}} {
		full := c.complete(builtin())
		if full.Workers != 64 || full.Clock != timeouts.System || full.Logger != stderrLogger() || full.TraceLeaks || full.LockThreads {
			t.Errorf("%+v is completed to %+v", c, full)
		}
	}
	p, err := builtin().newPoller()
	if errors.Is(err, errors.ErrUnsupported) {
		t.Skipf("%v: a backend for %s lifts this skip", err, runtime.GOOS)
	}
	if err != nil {
		t.Fatal(err)
	}
	if _, ok := p.(*pollux.Poller); !ok {
		t.Errorf("the default poller is a %T", p)
	}
	p.Close()
}

// Each zero field takes the default's value, and no other field does.
func TestConfigComplete(t *testing.T) {
	errBase, errOwn := errors.New("poller of the defaults"), errors.New("poller of its own")
	base := &Config{
		Loops: 9, LockThreads: true, Logger: slog.New(new(logbook)), Workers: 5, TraceLeaks: true,
		Clock: new(timeouts.Fake), NewPoller: func() (Poller, error) { return nil, errBase },
	}
	full := new(Config).complete(base)
	if full.Loops != 0 || !full.LockThreads || full.Logger != base.Logger || full.Workers != 5 || !full.TraceLeaks || full.Clock != base.Clock {
		t.Errorf("the zero Config is completed to %+v", full)
	}
	if _, err := full.NewPoller(); err != errBase {
		t.Errorf("the zero Config has another poller than the defaults: %v", err)
	}

	own := &Config{Loops: 2, Logger: silent, Workers: 3, Clock: new(timeouts.Fake), NewPoller: func() (Poller, error) { return nil, errOwn }}
	full = own.complete(base)
	if full.Loops != 2 || full.Logger != own.Logger || full.Workers != 3 || full.Clock != own.Clock {
		t.Errorf("%+v is completed to %+v", own, full)
	}
	if _, err := full.NewPoller(); err != errOwn {
		t.Errorf("a Config with a poller has another: %v", err)
	}
	if own.LockThreads || own.TraceLeaks {
		t.Error("complete has changed the caller's Config")
	}
}

// rerun runs the calling test in a process of its own, and returns its output.
func rerun(t *testing.T, env string) string {
	t.Helper()
	cmd := bare.Program(t, "-test.run=^"+t.Name()+"$", "-test.timeout=30s")
	cmd.Env = append(os.Environ(), env)
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Errorf("%v\n%s", err, out)
	}
	return string(out)
}

// ownProcess runs the calling test again in a process of its own, and returns true there. The
// defaults belong to a process and can be set only before their first use.
func ownProcess(t *testing.T) bool {
	t.Helper()
	const child = "POLLUX_TEST_DEFAULTS"
	if os.Getenv(child) != "" {
		return true
	}
	rerun(t, child+"=1")
	return false
}

// sleeper is a NewPoller that returns scripts which sleep, for loops that only have to run.
func sleeper() (Poller, error) {
	p := newScript()
	p.sleeps = true
	return p, nil
}

func TestSetDefaults(t *testing.T) {
	if !ownProcess(t) {
		return
	}
	if err := SetDefaults(&Config{Loops: 7, NewPoller: func() (Poller, error) { return nil, errFull }}); err != nil {
		t.Fatal(err)
	}
	if _, err := Default(); err != errFull {
		t.Fatalf("Default: %v, want the error of the poller that was set", err)
	}
	// That did not use the defaults. The second call replaces the first, and keeps none of its
	// values.
	logs := new(logbook)
	cfg := &Config{Loops: 3, Logger: slog.New(logs), Clock: new(timeouts.Fake), TraceLeaks: true, NewPoller: sleeper}
	if err := SetDefaults(cfg); err != nil {
		t.Fatal(err)
	}
	want := *cfg
	*cfg = Config{} // SetDefaults has made a copy

	// This Config leaves the fields zero.
	l, err := New(&Config{Workers: 2})
	if err != nil {
		t.Fatal(err)
	}
	if _, ok := l.poller.(*script); !ok || l.clock != want.Clock || l.log != want.Logger {
		t.Errorf("New has the poller %T, the clock %T and the logger %p", l.poller, l.clock, l.log)
	}
	fd := NewFD(1 << 20)
	if err := fd.Join(l); err != nil {
		t.Fatal(err)
	}
	if leaks := l.Leaks(); len(leaks) != 1 || leaks[0].Trace == "" {
		t.Errorf("leaks %v, want one with its trace", leaks)
	}
	l.Close()
	if n := logs.FilterMessageSnippet("still open").Len(); n != 1 {
		t.Errorf("the logger that was set has %v", logs.All())
	}
	r, err := NewReactor(nil)
	if err != nil {
		t.Fatal(err)
	}
	if n := len(r.Loops()); n != runtime.GOMAXPROCS(0) {
		t.Errorf("NewReactor makes %d loops: Loops is for the default reactor alone", n)
	}
	within(t, "Close", func() { r.Close() })

	// These are for the default reactor. After its first use they cannot change.
	d, err := Default()
	if err != nil {
		t.Fatal(err)
	}
	if _, ok := d.Next().poller.(*script); !ok || len(d.Loops()) != 3 {
		t.Errorf("the default reactor has %d loops on a %T, want 3", len(d.Loops()), d.Next().poller)
	}
	if err := SetDefaults(&Config{Clock: new(timeouts.Fake)}); err != ErrDefaultInUse {
		t.Errorf("SetDefaults of a default reactor in use: %v, want ErrDefaultInUse", err)
	}
	if defaults.config().Clock != want.Clock {
		t.Error("SetDefaults has returned an error, and has changed the defaults")
	}
}

func TestSetDefaultsToNil(t *testing.T) {
	if !ownProcess(t) {
		return
	}
	for _, cfg := range []*Config{{Workers: 3, NewPoller: sleeper}, nil} {
		if err := SetDefaults(cfg); err != nil {
			t.Fatal(err)
		}
	}
	if got := defaults.config(); got.Workers != 64 || got.Clock != timeouts.System || got.Logger != stderrLogger() {
		t.Errorf("SetDefaults(nil) leaves %+v", got)
	}
}

// SetDefaults, Default and New run at the same time. The default reactor has the values of one call
// that returned no error. A SetDefaults after Default fails.
func TestSetDefaultsConcurrently(t *testing.T) {
	if !ownProcess(t) {
		return
	}
	if err := SetDefaults(&Config{Loops: 1, NewPoller: sleeper}); err != nil {
		t.Fatal(err)
	}
	const callers = 8
	accepted := [callers + 2]bool{1: true} // by the number of loops
	begin := make(chan struct{})
	var wg sync.WaitGroup
	for i := range callers {
		loops := i + 2
		wg.Go(func() {
			<-begin
			accepted[loops] = SetDefaults(&Config{Loops: loops, NewPoller: sleeper}) == nil
		})
		wg.Go(func() {
			<-begin
			if _, err := Default(); err != nil {
				t.Error(err)
			}
			if err := SetDefaults(nil); err != ErrDefaultInUse {
				t.Errorf("SetDefaults after Default: %v, want ErrDefaultInUse", err)
			}
		})
		wg.Go(func() {
			<-begin
			l, err := New(nil)
			if err != nil {
				t.Error(err)
				return
			}
			if _, ok := l.poller.(*script); !ok {
				t.Errorf("New has the poller %T, which no call has set", l.poller)
			}
			l.Close()
		})
	}
	close(begin)
	within(t, "the end of all calls", wg.Wait)
	r, err := Default()
	if err != nil {
		t.Fatal(err)
	}
	if n := len(r.Loops()); !accepted[n] {
		t.Errorf("the default reactor has %d loops, and the call that set so many got an error", n)
	}
}
