package loop

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"log/slog"
	"net"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/polluxio/pollux"
	"github.com/polluxio/pollux/timeouts"
)

// A Poller is the set of methods that a loop calls on *pollux.Poller, with the same contract.
type Poller interface {
	Add(fd int, token pollux.Token) error
	Arm(fd int, token pollux.Token, want pollux.Ready) error
	Mute(fd int, token pollux.Token) (muted bool, err error)
	Unmute(fd int, token pollux.Token) error
	Delete(fd int, token pollux.Token) error
	Wait(events []pollux.Event, timeout time.Duration) (int, error)
	Wake() error
	Close() error
	// Yield lets other goroutines run in the middle of a long turn.
	Yield() error
	// Crowded returns how long other goroutines computed when the poller last let them run, or 0.
	Crowded() time.Duration
	// OneShot reports whether an event uses up its direction until Arm. The loop calls it once.
	OneShot() bool
}

var _ Poller = (*pollux.Poller)(nil)

// A Loop is one goroutine, one poller, one timing wheel and one run queue. The package comment
// defines a turn.
//
//	made ──Run──▶ running ──context──▶ made
//	  └──Close──▶ closed ◀──Close, the poller has failed──┘    (from running: at the end of the turn)
type Loop struct {
	poller   Poller
	oneShot  bool // immutable; Poller.OneShot
	clock    timeouts.Clock
	log      *slog.Logger
	pool     *pool
	table    table
	timers   timers
	promised promises
	posted   queue
	sleeping atomic.Bool           // the loop is in Wait, or about to be: the next post must wake it
	inUser   atomic.Bool           // user code is running on the loop's goroutine
	closed   atomic.Bool           // the loop takes nothing new
	crowd    atomic.Int64          // Poller.Crowded, for goroutines that are about to park
	cause    atomic.Pointer[error] // why the loop has ended, if its poller has failed; set before closed
	alive    atomic.Int32          // len(tasks)

	wakeMu sync.Mutex // held in Wake, so that finish closes the poller after it
	gone   bool       // wakeMu; the poller is closed

	counted  counters
	watchdog watchdog

	mu      sync.Mutex
	running bool          // mu
	ending  bool          // mu; finish is running or has returned
	done    chan struct{} // closed at the end of Close

	// The goroutine that runs the loop owns the fields below.
	user    bool              // the value of inUser, readable without an atomic load
	woke    int               // number of goroutines that this turn made ready
	time    timeouts.Deadline // the result of Time in this turn; 0: the clock was not read
	wokeAt  timeouts.Deadline // the end of the last wait that could be long; 0: there was none
	events  []pollux.Event
	fds     []*FD     // the descriptors of events; nil once served
	spent   [2]uint16 // per lane, what the watcher that is being called has moved, in units of spentUnit; guarded by its FD's mu
	again   []*FD     // descriptors that are still ready: they have spent their budget
	spare   []*FD     // the list again of the turn before
	woken   []*Task   // tasks to resume next; nil once resumed
	resumed int       // number of tasks of woken that were resumed
	local   []work    // work queued by the loop's own steps
	batch   []work    // the work that was queued when the step began
	tasks   map[*Task]struct{}
	buffer  []byte
}

// New returns a loop that belongs to no reactor. A nil cfg is the zero Config. The loop does
// nothing until Run drives it: without Run no deadline passes.
//
// Errors: those of Config.NewPoller.
func New(cfg *Config) (*Loop, error) {
	cfg = cfg.complete(defaults.config())
	return newLoop(cfg, newPool(cfg.Workers))
}

// newLoop makes a loop from a complete Config.
func newLoop(cfg *Config, p *pool) (*Loop, error) {
	poller, err := cfg.newPoller()
	if err != nil {
		return nil, err
	}
	if poller == nil {
		return nil, missing("New", "the poller of Config.NewPoller")
	}
	l := &Loop{
		poller:  poller,
		oneShot: poller.OneShot(),
		clock:   cfg.Clock,
		log:     cfg.Logger,
		pool:    p,
		done:    make(chan struct{}),
		events:  make([]pollux.Event, 256),
		fds:     make([]*FD, 0, 256),
		tasks:   make(map[*Task]struct{}),
	}
	l.timers.init(l.clock.Now())
	l.watchdog.after = max(cfg.StuckAfter, 0)
	l.watchdog.alarm = make(chan struct{}, 1)
	if cfg.TraceLeaks {
		l.table.traces = make(map[*FD][]uintptr)
	}
	if cfg.Debug {
		checksWaits.Store(true)
	}
	enlist(l)
	return l, nil
}

// Now returns the time by the loop's clock.
func (l *Loop) Now() timeouts.Deadline { return l.clock.Now() }

// Time returns the time of the first call of Time in this turn. So one read of the clock serves all
// callbacks of a turn. The result may be earlier than the present by the work of the turn, and is
// never later. Loop only.
func (l *Loop) Time() timeouts.Deadline {
	if l.time == 0 {
		l.time = l.clock.Now()
	}
	return l.time
}

// Buffer returns 64 KiB for the running callback to read into, so that an idle connection needs no
// buffer of its own. The next callback may overwrite it. Loop only.
func (l *Loop) Buffer() []byte {
	if l.buffer == nil {
		l.buffer = make([]byte, 64<<10)
	}
	return l.buffer
}

// Post runs fn on the loop, in the last step of this turn or of the next one. Functions that one
// goroutine posts run in order.
//
// Errors, after which fn does not run: net.ErrClosed, which wraps the poller's error too if the
// poller's failure has ended the loop; an error for a nil fn.
func (l *Loop) Post(fn func()) error {
	if fn == nil {
		return missing("Post", "fn")
	}
	if l.closed.Load() || !l.post(work{fn: fn}) {
		return l.ended(net.ErrClosed)
	}
	return nil
}

// later runs fn on the loop, in the last step of a turn. If the loop has ended, it runs fn on a new
// goroutine.
func (l *Loop) later(fn func()) {
	if l.post(work{fn: fn}) {
		return
	}
	go runApart(l.log, fn)
}

// runApart runs a function that has no loop to run on.
func runApart(log *slog.Logger, fn func()) {
	defer func() {
		if v := recover(); v != nil {
			contain(log, v, "panic in a function of a loop that has ended")
		}
	}()
	fn()
}

func (l *Loop) post(w work) bool {
	if !l.posted.push(w) {
		return false
	}
	l.wake()
	return true
}

// wake ends the loop's Wait, if the loop sleeps.
func (l *Loop) wake() {
	if !l.sleeping.Load() || !l.sleeping.CompareAndSwap(true, false) {
		return
	}
	l.wakeMu.Lock()
	defer l.wakeMu.Unlock()
	if l.gone {
		return
	}
	err := l.poller.Wake()
	for errors.Is(err, syscall.EINTR) {
		err = l.poller.Wake()
	}
	if err != nil {
		l.sleeping.Store(true) // the loop still sleeps, and the next call tries again
		l.fail(fmt.Errorf("wake: %w", err))
	}
}

// Run drives the loop on the calling goroutine until ctx ends or Close is called. When ctx ends,
// Run returns its cause, and the caller may call Run again. After Close, Run returns nil.
//
// Errors: net.ErrClosed if the loop was closed before the call; an error if the loop is running
// already, or if ctx is nil; the poller's error, with net.ErrClosed, if the poller has failed: then
// the loop is closed.
func (l *Loop) Run(ctx context.Context) error {
	if ctx == nil {
		return missing("Run", "ctx")
	}
	if err := l.claim(); err != nil {
		return fmt.Errorf("loop: run: %w", err)
	}
	return l.drive(ctx)
}

var errRunning = errors.New("the loop is running already")

// claim reserves the loop for the caller, which then calls drive.
func (l *Loop) claim() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case l.running:
		return errRunning
	case l.closed.Load():
		return l.ended(net.ErrClosed)
	}
	l.running = true
	return nil
}

// drive is Run for a loop that was claimed.
//
//go:noinline
func (l *Loop) drive(ctx context.Context) (err error) {
	stop := context.AfterFunc(ctx, func() { l.post(work{fn: func() {}}) })
	returned := false
	if l.watchdog.after > 0 {
		over := make(chan struct{})
		defer close(over)
		go l.watchOver(thisGoroutine(), over)
	}
	defer func() {
		// A callback may have ended this goroutine in the middle of a turn (runtime.Goexit, as
		// testing's FailNow does).
		stop()
		if !returned {
			l.takeUp()
		}
		l.leaveUser()
		l.mu.Lock()
		l.running = false
		closing := l.closed.Load()
		l.ending = closing
		l.mu.Unlock()
		if closing {
			l.finish()
			err = l.ended(nil)
		}
	}()
	for err == nil && !l.closed.Load() {
		if ctx.Err() != nil {
			err = context.Cause(ctx)
		} else if failed := l.turn(); failed != nil {
			l.fail(failed)
		}
	}
	returned = true
	return err
}

// Watchers iterates over the standing watchers, in no order. It skips those of descriptors that are
// closed meanwhile.
func (l *Loop) Watchers() iter.Seq[Watcher] {
	return func(yield func(Watcher) bool) {
		for _, fd := range l.table.all(false) {
			fd.mu.Lock()
			w := fd.watcher
			fd.mu.Unlock()
			if w != nil && !yield(w) {
				return
			}
		}
	}
}
