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

// A Config says how loops are made. nil and the zero Config are the defaults. A field that is zero
// takes its value from [SetDefaults], and if that gave none, the value that its comment names.
type Config struct {
	// Loops is how many a Reactor has; 0 or less: GOMAXPROCS. Only Default takes it from
	// SetDefaults.
	Loops int
	// LockThreads ties each loop of a Reactor to a system thread of its own.
	LockThreads bool
	// Logger gets the events that no caller can be given: panics, accepts that back off, leaks. Its
	// handler may be called by any goroutine, and never under a lock of this package. nil: warnings
	// and errors, as text on standard error.
	Logger *slog.Logger
	// Workers is how many functions Task.Do and Loop.Do run at once, for all loops of a Reactor
	// together; 0 or less: 64.
	Workers int
	// CPUs are processors, by the system's numbers: the i-th loop of a Reactor runs on the i-th of
	// them only, and round again if there are more loops. It implies LockThreads. Linux only:
	// sched_setaffinity(2).
	CPUs []int
	// StuckAfter is how long a callback or a task may hold its loop; longer is logged with the
	// stack, once, and counted in Stats.Stuck. 0: 100 ms; negative: it is not looked at.
	StuckAfter time.Duration
	// TraceLeaks keeps, for each descriptor, where it was registered. It costs about a microsecond
	// and 300 bytes each.
	TraceLeaks bool
	// Debug makes each blocking call of a goroutine on a loop's goroutine return ErrOnLoop, also
	// one that would complete at once: so a forgotten In(task) shows in the first test, not under
	// load. It counts for the whole process, and costs about half a microsecond a call. The
	// environment variable POLLUX_DEBUG (not empty) and the race detector switch it on too.
	Debug bool
	// Clock is what deadlines are measured by; nil: timeouts.System.
	Clock timeouts.Clock
	// NewPoller makes the poller of a loop; nil: pollux.New, with pollux.Block if LockThreads is
	// set.
	NewPoller func() (Poller, error)
}

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
	return newReactor(cfg.complete(defaults.config()))
}

// newReactor is NewReactor for a Config that is complete but for Loops.
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
			runtime.LockOSThread() // for ever: the thread ends with the goroutine, and no other is pinned
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

// drive drives a loop that is claimed.
func (r *Reactor) drive(l *Loop, lock bool) {
	if lock {
		runtime.LockOSThread()
	}
	over := false
	defer func() {
		// On the goroutine that a callback has ended (runtime.Goexit, as testing's FailNow does):
		// it may have made coroutines that none but its thread may resume. The loop has others to
		// serve.
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

// Loops are all of them.
func (r *Reactor) Loops() []*Loop { return r.loops }

// Next returns the next loop in turn. It leaves out loops whose poller has failed, unless no other
// is left.
func (r *Reactor) Next() *Loop {
	if len(r.loops) == 1 {
		return r.loops[0]
	}
	return r.alive(r.next.Add(1))
}

// alive returns the first loop from the i-th on that has not ended, or else the i-th.
func (r *Reactor) alive(i uint32) *Loop {
	n := uint32(len(r.loops))
	for j := range n {
		if l := r.loops[(i+j)%n]; !l.closed.Load() {
			return l
		}
	}
	return r.loops[i%n]
}

// LeastLoaded returns the loop with the fewest descriptors, of those that have not ended.
func (r *Reactor) LeastLoaded() *Loop {
	best := r.alive(0)
	for _, l := range r.loops {
		if !l.closed.Load() && l.Stats().Descriptors < best.Stats().Descriptors {
			best = l
		}
	}
	return best
}

// ByHash returns the loop for a hash, always the same for the same: of a peer's address, say, so
// that what it sends is served in one place. If that loop has ended, the next one stands in for it.
func (r *Reactor) ByHash(hash uint64) *Loop { return r.alive(uint32(hash % uint64(len(r.loops)))) }

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
