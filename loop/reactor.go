package loop

import (
	"context"
	"errors"
	"log/slog"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"github.com/polluxio/pollux/timeouts"
)

// A Config configures loops. nil and the zero Config give the defaults. A zero field takes its
// value from [SetDefaults]. If SetDefaults has set none, the field's comment names the value.
type Config struct {
	// Loops is the number of loops of a Reactor. 0 or less: GOMAXPROCS. Only Default takes this
	// field from SetDefaults.
	Loops int
	// LockThreads gives each loop of a Reactor a system thread of its own (runtime.LockOSThread).
	LockThreads bool
	// Logger logs the events that no caller can receive: panics, accepts that back off, leaks. Any
	// goroutine may call its handler, and never under a lock of this package. nil: warnings and
	// errors, as text on standard error.
	Logger *slog.Logger
	// Workers limits how many functions of Task.Do and Loop.Do run at the same time, for all loops
	// of a Reactor together. 0 or less: 64.
	Workers int
	// CPUs lists processors by the system's numbers. The i-th loop of a Reactor runs only on the
	// i-th of them. If there are more loops, the list starts again. CPUs implies LockThreads. It
	// works on Linux only: sched_setaffinity(2).
	CPUs []int
	// StuckAfter is the time that a callback or a task may hold its loop. A longer one is logged
	// once with its stack, and counted in Stats.Stuck. 0: 100 ms. Negative: the loop does not
	// check.
	StuckAfter time.Duration
	// TraceLeaks records the call stack that registered each descriptor, for leak reports. It costs
	// about a microsecond and 300 bytes for each descriptor.
	TraceLeaks bool
	// Debug makes every blocking call on a loop's goroutine return ErrOnLoop, also a call that
	// would complete at once. A forgotten In(task) then shows in the first test, and not only under
	// load. Debug applies to the whole process and costs about half a microsecond a call. The
	// environment variable POLLUX_DEBUG (not empty) and the race detector switch it on too.
	Debug bool
	// Clock measures deadlines. nil: timeouts.System.
	Clock timeouts.Clock
	// NewPoller makes the poller of a loop. nil: pollux.New, with the strategy pollux.Block if
	// LockThreads is set.
	NewPoller func() (Poller, error)
}

// A Reactor owns loops and selects one for each new user.
type Reactor struct {
	loops []*Loop
	next  atomic.Uint32
	wg    sync.WaitGroup
}

// NewReactor makes loops and starts them, each on a goroutine of its own. A nil cfg is the zero
// Config.
//
// Errors: those of Config.NewPoller. After an error no loop is left.
func NewReactor(cfg *Config) (*Reactor, error) {
	return newReactor(cfg.complete(defaults.config()))
}

// newReactor is NewReactor for a Config in which only Loops may be zero.
func newReactor(cfg *Config) (*Reactor, error) {
	n := cfg.Loops
	if n <= 0 {
		n = runtime.GOMAXPROCS(0)
	}
	r := new(Reactor)
	if err := checkCPUs(cfg.CPUs); err != nil {
		return nil, err
	}
	workers := newPool(cfg.Workers)
	for range n {
		l, err := newLoop(cfg, workers)
		if err != nil {
			r.close()
			return nil, err
		}
		r.loops = append(r.loops, l)
	}
	pinned := make([]error, n)
	var pinning sync.WaitGroup
	for i, l := range r.loops {
		l.claim() // now, so that Close finds it running
		r.wg.Add(1)
		if len(cfg.CPUs) == 0 {
			go r.drive(l, cfg.LockThreads)
			continue
		}
		pinning.Add(1)
		go func() {
			runtime.LockOSThread() // never unlocked: the thread ends with the goroutine, so no other goroutine is pinned
			pinned[i] = pinThread(cfg.CPUs[i%len(cfg.CPUs)])
			pinning.Done()
			r.drive(l, false)
		}()
	}
	pinning.Wait()
	if err := errors.Join(pinned...); err != nil {
		r.close()
		return nil, err
	}
	return r, nil
}

// drive runs a loop that the reactor has claimed.
func (r *Reactor) drive(l *Loop, lock bool) {
	if lock {
		runtime.LockOSThread()
	}
	over := false
	defer func() {
		// A callback may have ended this goroutine (runtime.Goexit, as testing's FailNow does). The
		// loop must continue here: on a locked thread, only this goroutine may resume the
		// coroutines that it has made.
		if !over {
			l.log.Error("a callback ended the loop's goroutine (runtime.Goexit): the loop continues")
			if l.claim() == nil {
				r.drive(l, false)
				return
			}
		}
		r.wg.Done()
	}()
	if err := l.drive(context.Background()); err != nil {
		l.log.Error("loop ended", "error", err)
	}
	over = true
}

// Loops returns all loops of the reactor.
func (r *Reactor) Loops() []*Loop { return r.loops }

// Next returns the next loop in turn. It skips loops whose poller has failed, unless all have
// failed.
func (r *Reactor) Next() *Loop {
	if len(r.loops) == 1 {
		return r.loops[0]
	}
	return r.alive(r.next.Add(1))
}

// alive returns the first loop from the i-th on that has not ended. If all have ended, it returns
// the i-th.
func (r *Reactor) alive(i uint32) *Loop {
	n := uint32(len(r.loops))
	for j := range n {
		if l := r.loops[(i+j)%n]; !l.closed.Load() {
			return l
		}
	}
	return r.loops[i%n]
}

// LeastLoaded returns the loop with the fewest descriptors. It skips loops that have ended.
func (r *Reactor) LeastLoaded() *Loop {
	best := r.alive(0)
	for _, l := range r.loops {
		if !l.closed.Load() && l.Stats().Descriptors < best.Stats().Descriptors {
			best = l
		}
	}
	return best
}

// ByHash returns the same loop for the same hash. With the hash of a peer's address, one loop
// serves all connections of that peer. If that loop has ended, ByHash returns the next one.
func (r *Reactor) ByHash(hash uint64) *Loop { return r.alive(uint32(hash % uint64(len(r.loops)))) }

// Leaks lists the descriptors that are registered now, on all loops.
func (r *Reactor) Leaks() []Leak {
	var leaks []Leak
	for _, l := range r.loops {
		leaks = append(leaks, l.Leaks()...)
	}
	return leaks
}

// Close closes all loops, as Loop.Close does, and waits until their goroutines have ended.
//
// Error: ErrOnLoop in a callback or a task. Close would wait there for its own caller, so it closes
// nothing.
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
