package loop

import (
	"cmp"
	"runtime"
	"sync"
	"sync/atomic"

	"github.com/polluxio/pollux"
	"github.com/polluxio/pollux/timeouts"
)

// defaults holds the defaults of the process.
var defaults processDefaults

// processDefaults holds the Config of SetDefaults and the reactor that Default started with it.
type processDefaults struct {
	mu      sync.Mutex              // held in SetDefaults, and while the reactor starts
	cfg     atomic.Pointer[Config]  // written under mu; immutable; only Loops may be zero; nil: builtin
	reactor atomic.Pointer[Reactor] // written under mu, once
}

// builtin returns the Config of a process that sets no defaults.
var builtin = sync.OnceValue(func() *Config {
	return &Config{
		Logger:  stderrLogger(),
		Workers: 64,

		StuckAfter: defaultStuck,
		Clock:      timeouts.System,
	}
})

// newPoller makes the poller of a loop. A locked thread runs no other goroutine, so its poller may
// block in the kernel.
func (c *Config) newPoller() (Poller, error) {
	switch {
	case c.NewPoller != nil:
		return c.NewPoller()
	case c.LockThreads:
		return pollux.New(&pollux.Config{Strategy: pollux.Block})
	}
	return pollux.New(nil)
}

func (p *processDefaults) config() *Config {
	if cfg := p.cfg.Load(); cfg != nil {
		return cfg
	}
	return builtin()
}

// complete returns a copy of c whose zero fields have the values of base. It does not fill Loops,
// since Default and NewReactor have different defaults for it. c may be nil.
func (c *Config) complete(base *Config) *Config {
	var full Config
	if c != nil {
		full = *c
	}
	full.LockThreads = full.LockThreads || base.LockThreads
	full.Logger = cmp.Or(full.Logger, base.Logger)
	full.Workers = cmp.Or(max(0, full.Workers), base.Workers)
	full.StuckAfter = cmp.Or(full.StuckAfter, base.StuckAfter)
	if full.CPUs == nil {
		full.CPUs = base.CPUs
	}
	full.LockThreads = full.LockThreads || len(full.CPUs) > 0
	full.TraceLeaks = full.TraceLeaks || base.TraceLeaks
	full.Debug = full.Debug || base.Debug
	if full.Clock == nil {
		full.Clock = base.Clock
	}
	if full.NewPoller == nil {
		full.NewPoller = base.NewPoller
	}
	return &full
}

// SetDefaults sets the values that New, NewReactor and Default use for the zero fields of a Config,
// in the whole process. Only Default uses Loops. A bool that is true in cfg is true in every
// Config. A zero field of cfg, and a nil cfg, restore the defaults of the package.
//
// Call it in main or TestMain, before anything else uses the package: loops that exist already do
// not change. A second call replaces the first. SetDefaults keeps a copy of cfg.
//
// Error: ErrDefaultInUse once Default has returned a reactor. SetDefaults then changes nothing.
func SetDefaults(cfg *Config) error { return defaults.set(cfg) }

func (p *processDefaults) set(cfg *Config) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.reactor.Load() != nil {
		return ErrDefaultInUse
	}
	p.cfg.Store(cfg.complete(builtin()))
	return nil
}

// Default returns the reactor that operations use when the caller names none. It starts on first
// use and lives as long as the process. By default it has half as many loops as GOMAXPROCS, and at
// least one: mostly goroutines wait for it, and they need the other half. SetDefaults can configure
// it before it starts.
//
// Errors: those of NewReactor. The next call tries again.
func Default() (*Reactor, error) {
	if r := defaults.reactor.Load(); r != nil {
		return r, nil
	}
	return defaults.start()
}

func (p *processDefaults) start() (*Reactor, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if r := p.reactor.Load(); r != nil {
		return r, nil
	}
	cfg := *p.config()
	if cfg.Loops <= 0 {
		cfg.Loops = max(1, runtime.GOMAXPROCS(0)/2)
	}
	r, err := newReactor(&cfg)
	if err != nil {
		return nil, err
	}
	p.reactor.Store(r)
	return r, nil
}
