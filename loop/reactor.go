package loop

import (
	"context"
	"errors"
	"runtime"
	"sync"
	"sync/atomic"

	"github.com/polluxio/pollux"
	"github.com/polluxio/pollux/timeouts"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
)

// A Config says how loops are made. nil and the zero Config are the defaults.
type Config struct {
	// Loops is how many a Reactor has; 0 or less: GOMAXPROCS.
	Loops int
	// LockThreads ties each loop of a Reactor to a system thread of its own.
	LockThreads bool
	// Logger takes what has no caller to go back to: panics, accepts that back off, leaks. nil: warnings and worse, as text
	// on standard error.
	Logger *zap.Logger
	// Workers is how many functions Task.Do and Loop.Do run at once, for all loops of a Reactor together; 0 or less: 64.
	Workers int
	// TraceLeaks keeps, for each descriptor, where it was registered. It costs about a microsecond and 300 bytes each.
	TraceLeaks bool
	// Clock is what deadlines are measured by; nil: timeouts.System.
	Clock timeouts.Clock
	// NewPoller makes the poller of a loop; nil: pollux.New, with pollux.Block if LockThreads is set.
	NewPoller func() (Poller, error)
}

func (c *Config) clock() timeouts.Clock {
	if c.Clock == nil {
		return timeouts.System
	}
	return c.Clock
}

func (c *Config) workers() int {
	if c.Workers <= 0 {
		return 64
	}
	return c.Workers
}

func (c *Config) newPoller() (Poller, error) {
	if c.NewPoller != nil {
		return c.NewPoller()
	}
	if c.LockThreads {
		return pollux.New(&pollux.Config{Strategy: pollux.Block})
	}
	return pollux.New(nil)
}

func (c *Config) logger() *zap.Logger {
	if c.Logger == nil {
		return stderrLogger()
	}
	return c.Logger
}

var stderrLogger = sync.OnceValue(func() *zap.Logger {
	cfg := zap.NewDevelopmentConfig()
	cfg.Development = false
	cfg.DisableCaller = true
	cfg.DisableStacktrace = true
	cfg.Level = zap.NewAtomicLevelAt(zapcore.WarnLevel)
	log, err := cfg.Build()
	if err != nil {
		return zap.NewNop()
	}
	return log.Named("pollux")
})

// A Reactor owns loops and hands them out.
type Reactor struct {
	loops []*Loop
	next  atomic.Uint32
	wg    sync.WaitGroup
}

// NewReactor makes and starts its loops, a goroutine each. nil is the zero Config.
//
// Errors: those of Config.NewPoller; then nothing is left behind.
func NewReactor(cfg *Config) (*Reactor, error) {
	if cfg == nil {
		cfg = new(Config)
	}
	n := cfg.Loops
	if n <= 0 {
		n = runtime.GOMAXPROCS(0)
	}
	r := new(Reactor)
	workers := newPool(cfg.workers())
	for range n {
		l, err := newLoop(cfg, workers)
		if err != nil {
			r.close()
			return nil, err
		}
		r.loops = append(r.loops, l)
	}
	for _, l := range r.loops {
		l.claim() // now, so that Close finds it running
		r.wg.Add(1)
		go r.drive(l, cfg.LockThreads)
	}
	return r, nil
}

// drive drives a loop that is claimed.
func (r *Reactor) drive(l *Loop, lock bool) {
	if lock {
		runtime.LockOSThread()
	}
	over := false
	defer func() {
		// On the goroutine that a callback has ended (runtime.Goexit, as testing's FailNow does): it may have made coroutines that
		// none but its thread may resume. The loop has others to serve.
		if !over {
			l.log.Error("a callback ended the loop's goroutine; it goes on")
			if l.claim() == nil {
				r.drive(l, false)
				return
			}
		}
		r.wg.Done()
	}()
	if err := l.drive(context.Background()); err != nil {
		l.log.Error("loop ended", zap.Error(err))
	}
	over = true
}

// Loops are all of them.
func (r *Reactor) Loops() []*Loop { return r.loops }

// Next is the next loop in turn.
func (r *Reactor) Next() *Loop {
	if len(r.loops) == 1 {
		return r.loops[0]
	}
	return r.loops[r.next.Add(1)%uint32(len(r.loops))]
}

// LeastLoaded is the loop with the fewest descriptors.
func (r *Reactor) LeastLoaded() *Loop {
	best := r.loops[0]
	for _, l := range r.loops[1:] {
		if l.Stats().Descriptors < best.Stats().Descriptors {
			best = l
		}
	}
	return best
}

// ByHash is the loop for a hash, always the same for the same: of a peer's address, say, so that what it sends is served in one
// place.
func (r *Reactor) ByHash(hash uint64) *Loop { return r.loops[hash%uint64(len(r.loops))] }

// Leaks lists what is registered on all loops just now.
func (r *Reactor) Leaks() []Leak {
	var leaks []Leak
	for _, l := range r.loops {
		leaks = append(leaks, l.Leaks()...)
	}
	return leaks
}

// Close closes all loops, as Loop.Close says, and waits for their goroutines.
//
// Error: ErrOnLoop in a callback or a task, for whose end it would wait; nothing is closed then.
func (r *Reactor) Close() error {
	if err := MayBlock(); err != nil {
		return err
	}
	return r.close()
}

func (r *Reactor) close() error {
	var errs []error
	for _, l := range r.loops {
		errs = append(errs, l.Close())
	}
	r.wg.Wait()
	return errors.Join(errs...)
}

var defaultReactor struct {
	mu sync.Mutex
	r  atomic.Pointer[Reactor]
}

// Default is the reactor of those who name none. It starts on first need and lives as long as the process. It has half as many loops
// as there are processors, at least one: mostly it is goroutines that wait on it, and they need the other half.
//
// Errors: those of NewReactor; the next call tries again.
func Default() (*Reactor, error) {
	if r := defaultReactor.r.Load(); r != nil {
		return r, nil
	}
	defaultReactor.mu.Lock()
	defer defaultReactor.mu.Unlock()
	if r := defaultReactor.r.Load(); r != nil {
		return r, nil
	}
	r, err := NewReactor(&Config{Loops: max(1, runtime.GOMAXPROCS(0)/2)})
	if err != nil {
		return nil, err
	}
	defaultReactor.r.Store(r)
	return r, nil
}
