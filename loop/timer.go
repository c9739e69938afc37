package loop

import (
	"sync"
	"sync/atomic"
	"time"

	"github.com/polluxio/pollux/timeouts"
)

// timers is the timing wheel of a loop. Any goroutine may start and stop timers. Only the loop's
// goroutine takes out those that are due.
type timers struct {
	mu       sync.Mutex
	wheel    timeouts.Wheel
	earliest atomic.Int64 // wheel.Next(), readable without the lock
}

func (ts *timers) init(now timeouts.Deadline) {
	ts.wheel.Init(now)
	ts.earliest.Store(int64(timeouts.Never))
}

// unlock unlocks mu after a change of the wheel.
func (ts *timers) unlock() {
	ts.earliest.Store(int64(ts.wheel.Next()))
	ts.mu.Unlock()
}

func (ts *timers) start(t *timeouts.Timer, at timeouts.Deadline) (earliest bool) {
	ts.mu.Lock()
	defer ts.unlock()
	earliest = at < ts.wheel.Next()
	ts.wheel.Start(t, at)
	return earliest
}

func (ts *timers) stop(t *timeouts.Timer) {
	ts.mu.Lock()
	ts.wheel.Stop(t)
	ts.unlock()
}

func (ts *timers) pop(now timeouts.Deadline) *timeouts.Timer {
	ts.mu.Lock()
	defer ts.unlock()
	t := ts.wheel.Pop(now)
	if t != nil {
		if owner, ok := t.Owner.(*Timer); ok {
			owner.due = true // set under this lock, so that Stop finds the timer either due or in the wheel
		}
	}
	return t
}

func (ts *timers) len() int {
	ts.mu.Lock()
	defer ts.mu.Unlock()
	return ts.wheel.Len()
}

// A Timer runs a function on its loop at a set time.
//
//	started ──its time──▶ due ──run──▶ over, or started again (Every)
//	  │  ▲                 │            │
//	  │  └──────Reset──────┴────────────┘
//	  └──Stop──▶ stopped ──Reset──▶ started
type Timer struct {
	// Reset uses the fields up to timer: they are together, for the processor's caches.
	loop  *Loop
	at    timeouts.Deadline // loop.timers.mu
	every time.Duration     // loop.timers.mu; 0: once
	round uint32            // loop.timers.mu; counts starts and stops: a queued call of an earlier round is dropped
	fires uint32            // loop.timers.mu; the round of the queued call
	due   bool              // loop.timers.mu; the time has come, and the function is queued
	never bool              // loop.timers.mu; started with a time that never comes: it is in no wheel
	timer timeouts.Timer
	fn    func()
	fire  func() // the method run as a value, made once
}

// After runs fn on the loop once d has passed, and never earlier. Work that became ready before
// that instant runs first. A negative d counts as 0. On a closed loop fn never runs. After panics
// if fn is nil.
func (l *Loop) After(d time.Duration, fn func()) *Timer {
	need(fn != nil, "After", "fn")
	return l.newTimer(d, 0, fn)
}

// Every runs fn on the loop at each multiple of d from now, until Stop. d is at least a
// millisecond: a smaller one counts as a millisecond. A loop that is late skips the calls that it
// has missed. Every panics if fn is nil.
func (l *Loop) Every(d time.Duration, fn func()) *Timer {
	need(fn != nil, "Every", "fn")
	d = max(d, time.Millisecond)
	return l.newTimer(d, d, fn)
}

func (l *Loop) newTimer(d, every time.Duration, fn func()) *Timer {
	t := &Timer{loop: l, fn: fn, every: every}
	t.fire = t.run
	t.timer.Owner = t
	t.start(d)
	return t
}

// start starts the timer, and returns whether a call was pending.
func (t *Timer) start(d time.Duration) bool {
	l, ts := t.loop, &t.loop.timers
	now := l.clock.Now()
	ts.mu.Lock()
	if t.every != 0 {
		d = max(d, time.Millisecond)
		t.every = d
	}
	at := now.Add(max(d, 0))
	pending := t.drop()
	t.at = at
	earliest := false
	if !l.closed.Load() {
		earliest = at < ts.wheel.Next()
		ts.wheel.Start(&t.timer, at)
		t.never = !t.timer.Started()
	}
	ts.unlock()
	if earliest {
		l.wake()
	}
	return pending
}

// Reset starts the timer anew: its function runs once d has passed from now, as with After, or at
// each multiple of d if Every made the timer. Reset returns true if a call was pending, and drops
// that call. Any goroutine may call it, also while the function runs, and also for a timer that has
// run or was stopped.
func (t *Timer) Reset(d time.Duration) bool { return t.start(d) }

// Stop drops the pending calls of the function, until Reset. It returns true if a call was pending.
// A call that is already running continues.
func (t *Timer) Stop() bool {
	ts := &t.loop.timers
	ts.mu.Lock()
	defer ts.unlock()
	pending := t.drop()
	ts.wheel.Stop(&t.timer)
	return pending
}

// drop drops a pending call, and returns whether there was one. The caller holds loop.timers.mu,
// and starts or stops the timer in the wheel.
func (t *Timer) drop() bool {
	pending := t.due || t.never || t.timer.Started()
	t.due, t.never = false, false
	t.round++
	return pending
}

// expire queues the function for the last step of the turn. Loop only.
func (t *Timer) expire(now timeouts.Deadline) {
	ts := &t.loop.timers
	ts.mu.Lock()
	due := t.due // false if Stop or Reset came after the wheel gave the timer out
	if due {
		t.fires = t.round
		if t.every != 0 {
			missed := now.Until(t.at) / t.every
			t.at = t.at.Add((missed + 1) * t.every)
			ts.wheel.Start(&t.timer, t.at)
		}
	}
	ts.unlock()
	if due {
		t.loop.local = append(t.loop.local, work{fn: t.fire})
	}
}

func (t *Timer) run() {
	ts := &t.loop.timers
	ts.mu.Lock()
	due := t.due && t.fires == t.round
	if due {
		t.due = false
	}
	ts.mu.Unlock()
	if due {
		t.fn()
	}
}

// expire handles all timers that are due. Loop only.
func (l *Loop) expire() {
	if l.timers.earliest.Load() == int64(timeouts.Never) {
		return
	}
	now := l.clock.Now()
	for t := l.timers.pop(now); t != nil; t = l.timers.pop(now) {
		switch owner := t.Owner.(type) {
		case *laneTimer:
			owner.fd.expire(l, owner, now)
		case *Timer:
			owner.expire(now)
		}
	}
}
