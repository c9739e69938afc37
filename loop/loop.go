package loop

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"log/slog"
	"net"
	"runtime"
	"runtime/debug"
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
// Error: net.ErrClosed, and fn does not run. If the poller's failure has ended the loop, the error
// wraps the poller's error too.
func (l *Loop) Post(fn func()) error {
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
	go func() {
		defer func() {
			if v := recover(); v != nil {
				l.contain(v, "panic in a function of a loop that has ended")
			}
		}()
		fn()
	}()
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

// fail ends the loop because its poller has failed: no event would come any more. Operations,
// watchers, tasks and posts get err. Any goroutine may call fail, under any lock. The tasks end
// later, when the loop's goroutine ends them.
func (l *Loop) fail(err error) {
	err = fmt.Errorf("%w: the poller has failed: %w", net.ErrClosed, err)
	if !l.cause.CompareAndSwap(nil, &err) {
		return
	}
	l.closed.Store(true)
	go func() {
		l.log.Error("the poller has failed: the loop ends", "error", err)
		l.closeAll()
	}()
}

// ended returns the error for new work: the poller's failure if there was one, or else err.
func (l *Loop) ended(err error) error {
	if cause := l.cause.Load(); cause != nil {
		return *cause
	}
	return err
}

// closeAll closes the descriptors on the loop, and lets no other descriptor join.
func (l *Loop) closeAll() {
	for _, fd := range l.table.all(true) {
		fd.leave(0, l.ended(net.ErrClosed))
	}
}

// Run drives the loop on the calling goroutine until ctx ends or Close is called. ctx must not be
// nil. When ctx ends, Run returns its cause, and the caller may call Run again. After Close, Run
// returns nil.
//
// Errors: net.ErrClosed if the loop was closed before the call; an error if the loop is running
// already; the poller's error, with net.ErrClosed, if the poller has failed: then the loop is
// closed.
func (l *Loop) Run(ctx context.Context) error {
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

// turn runs one turn, in the order that the package comment promises.
func (l *Loop) turn() error {
	n, err := l.wait()
	if err != nil {
		return err
	}
	l.counted.turns.Add(1)
	if n > 0 {
		l.counted.events.Add(uint64(n))
	}
	l.again, l.spare = l.spare[:0], l.again // spare holds the descriptors of the turn before; what spends its budget now is for the next turn
	l.fds = l.table.resolve(l.events[:n], l.fds[:0])
	for i, fd := range l.fds {
		l.share(i)
		if fd != nil {
			l.fds[i] = nil
			l.watchdog.step.Add(1)
			fd.event(l, l.events[i].Ready)
			l.resumeWoken()
		}
	}
	for i, fd := range l.spare {
		l.share(i)
		l.watchdog.step.Add(1)
		l.spare[i] = nil
		fd.resume(l)
		l.resumeWoken()
	}
	l.expire()
	l.resumeWoken()
	l.runQueued()
	if l.table.freed.Load() {
		l.table.endTurn()
	}
	return nil
}

// wait is the first step of a turn.
func (l *Loop) wait() (n int, err error) {
	woke := l.woke
	if l.woke = 0; woke > 0 {
		letWokenRun()
	}
	l.watchdog.step.Add(1)
	if len(l.again) > 0 || len(l.local) > 0 {
		l.time = 0
		return l.poller.Wait(l.events, 0)
	}
	l.leaveUser()
	before := l.clock.Now()
	if l.wokeAt != 0 {
		l.counted.worked(before.Until(l.wokeAt))
	}
	l.watchdog.awake.Store(false)
	l.sleeping.Store(true)
	timeout := time.Duration(0)
	if !l.posted.some.Load() && !l.closed.Load() {
		timeout = l.sleep()
	}
	n, err = l.poller.Wait(l.events, timeout)
	l.sleeping.Store(false)
	l.time = l.clock.Now()
	l.wokeAt = l.time
	l.counted.asleep.Add(int64(l.time.Until(before)))
	l.watchdog.awake.Store(true)
	l.watchdog.rouse()
	took := int64(l.poller.Crowded())
	if woke > fewWoken {
		took = 0
	}
	if took != l.crowd.Load() {
		l.crowd.Store(took)
	}
	return n, err
}

// sleep returns how long the loop has nothing to do, in the form of Poller.Wait: a negative result
// means for ever.
func (l *Loop) sleep() time.Duration {
	next := timeouts.Deadline(l.timers.earliest.Load())
	if next == timeouts.Never {
		return -1
	}
	return next.Until(l.clock.Now())
}

// enterUser marks that user code runs on this goroutine. One call in a turn is enough. The loop
// calls leaveUser before it waits.
func (l *Loop) enterUser() {
	if !l.user {
		l.user = true
		l.inUser.Store(true)
	}
}

func (l *Loop) leaveUser() {
	if l.user {
		l.user = false
		l.inUser.Store(false)
	}
}

// runQueued runs the work that is queued now. Work that this queues is left for the next call. It
// returns whether there was any work.
func (l *Loop) runQueued() bool {
	l.local, l.batch = l.batch[:0], l.local
	if l.posted.some.Load() {
		posted := l.posted.take()
		l.batch = append(l.batch, posted...)
		clear(posted)
	}
	for i, w := range l.batch {
		l.share(i)
		l.batch[i] = work{}
		l.watchdog.step.Add(1)
		switch {
		case w.task != nil:
			l.enterUser()
			w.task.resume()
		case w.fd != nil:
			w.fd.resume(l)
			l.resumeWoken()
		default:
			l.call(w.fn)
		}
	}
	if n := len(l.batch); n > 0 {
		l.counted.calls.Add(uint64(n))
	}
	return len(l.batch) > 0
}

// resumeWoken resumes the tasks whose waits the last step has ended.
func (l *Loop) resumeWoken() {
	for l.resumed < len(l.woken) {
		t := l.woken[l.resumed]
		l.woken[l.resumed] = nil
		l.resumed++
		l.watchdog.step.Add(1)
		l.enterUser()
		t.resume()
	}
	l.woken, l.resumed = l.woken[:0], 0
}

// takeUp prepares a loop for another goroutine, after the first one ended in the middle of a turn.
// It queues the rest of that turn, since the poller does not report an edge twice.
func (l *Loop) takeUp() {
	for _, fds := range [][]*FD{l.fds, l.spare} {
		for i, fd := range fds {
			if fd != nil {
				fds[i] = nil
				fd.forget()
				l.local = append(l.local, work{fd: fd})
			}
		}
	}
	for _, t := range l.woken {
		if t != nil {
			l.local = append(l.local, work{task: t})
		}
	}
	l.woken, l.resumed = l.woken[:0], 0
	for i, w := range l.batch {
		if w.fn != nil || w.task != nil || w.fd != nil {
			l.batch[i] = work{}
			l.local = append(l.local, w)
		}
	}
}

// call runs a function and recovers its panic.
func (l *Loop) call(fn func()) {
	defer func() {
		if v := recover(); v != nil {
			l.contain(v, "panic in a function on the loop")
		}
	}()
	l.enterUser()
	fn()
}

// contain logs a panic. The deferred function that recovered the panic calls it.
func (l *Loop) contain(v any, what string, attrs ...any) error {
	err := &PanicError{Value: v, Stack: debug.Stack()}
	l.log.Error(what, append(attrs, "panic", v, "stack", string(err.Stack))...)
	return err
}

// Close ends the loop. Functions that were posted before still run. Then every operation, task and
// promise that still waits gets net.ErrClosed. Close closes every descriptor that is still
// registered and logs it as a leak, and then closes the poller.
//
// Close returns when this is done. On the loop's own goroutine it returns at once. A second Close
// does nothing.
func (l *Loop) Close() error {
	l.mu.Lock()
	l.closed.Store(true)
	running, ending := l.running, l.ending
	l.ending = true // the goroutine that runs the loop calls finish, or else this one does
	l.mu.Unlock()
	switch {
	case running:
		l.post(work{fn: func() {}})
		fallthrough
	case ending:
		if onLoopGoroutine() {
			return nil
		}
		<-l.done
	default:
		l.finish()
	}
	return nil
}

// lastPatience limits how long the end of a loop waits for tasks that do not end. Mostly it waits
// for a function of Do or DoWith to return.
const lastPatience = 10 * time.Second

// finish ends the loop. It runs on the goroutine that ran the loop, or in Close if the loop does
// not run.
//
//go:noinline
func (l *Loop) finish() {
	returned := false
	defer func() {
		if !returned { // as in drive
			l.takeUp()
			l.finish() // on this goroutine, which alone may resume the coroutines of a locked thread
		}
	}()
	l.runQueued()
	for _, leak := range l.Leaks() {
		l.log.Warn("still open at the end of its loop", "leak", leak.String())
	}
	why := l.ended(net.ErrClosed)
	l.closeAll()
	l.promised.end(why)
	// closeAll and end have settled the waits for descriptors and promises. The loop below cancels
	// other waits, until no task is left.
	for give := time.Now().Add(lastPatience); time.Now().Before(give); {
		if l.runQueued() {
			continue
		}
		if len(l.tasks) == 0 {
			break
		}
		for t := range l.tasks {
			t.end(why)
		}
		if len(l.local) > 0 {
			continue
		}
		l.sleeping.Store(true)
		if !l.posted.some.Load() {
			if _, err := l.poller.Wait(l.events, time.Until(give)); err != nil {
				time.Sleep(time.Millisecond) // the poller has failed, and cannot report posts
			}
		}
		l.sleeping.Store(false)
	}
	if len(l.tasks) > 0 {
		l.log.Error("the loop ended before some of its tasks", "tasks", len(l.tasks))
		for t := range l.tasks {
			t.done.settle(why) // so that Wait for this task returns
		}
	}
	l.promised.last(why)
	for !l.posted.close() {
		l.runQueued()
	}
	l.leaveUser()
	for give := time.Now().Add(lastPatience); l.Stats().Descriptors > 0 && time.Now().Before(give); {
		runtime.Gosched() // another goroutine is closing a descriptor, and needs the poller for that
	}
	l.wakeMu.Lock()
	l.gone = true
	err := l.poller.Close()
	l.wakeMu.Unlock()
	if err != nil {
		l.log.Error("cannot close the poller", "error", err)
	}
	returned = true
	delist(l)
	close(l.done)
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

// A Leak is a descriptor that is registered on a loop.
type Leak struct {
	FD    string // the text of FD.String
	Trace string // the call stack that registered it, if Config.TraceLeaks is set
}

func (k Leak) String() string {
	if k.Trace == "" {
		return k.FD
	}
	return k.FD + ", registered at\n" + k.Trace
}

// Leaks lists the descriptors that are registered now. With Config.TraceLeaks, each has the call
// stack that registered it.
func (l *Loop) Leaks() []Leak {
	var leaks []Leak
	for _, fd := range l.table.all(false) {
		leak := Leak{FD: fd.String()}
		l.table.mu.Lock()
		pcs := l.table.traces[fd]
		l.table.mu.Unlock()
		for frames := runtime.CallersFrames(pcs); len(pcs) > 0; {
			f, more := frames.Next()
			leak.Trace += fmt.Sprintf("\t%s\n\t\t%s:%d\n", f.Function, f.File, f.Line)
			if !more {
				break
			}
		}
		leaks = append(leaks, leak)
	}
	return leaks
}
