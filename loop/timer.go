package loop

import (
	"sync"
	"sync/atomic"
	"time"

	"github.com/polluxio/pollux/timeouts"
)

// timers is the wheel of a loop. It is filled and emptied from any goroutine, and expires on the
// loop's.
type timers struct {
	mu       sync.Mutex
	wheel    timeouts.Wheel
	earliest atomic.Int64 // wheel.Next(): to ask costs no lock
}

func (ts *timers) init(now timeouts.Deadline) {
	ts.wheel.Init(now)
	ts.earliest.Store(int64(timeouts.Never))
}

// unlock unlocks mu after the wheel has changed.
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
			owner.due = true // under this lock: so that Stop finds it either here or in the wheel
		}
	}
	return t
}

func (ts *timers) len() int {
	ts.mu.Lock()
	defer ts.mu.Unlock()
	return ts.wheel.Len()
}

// startTimer starts t, and wakes the loop if it would sleep past it.
func (l *Loop) startTimer(t *timeouts.Timer, at timeouts.Deadline) {
	if l.timers.start(t, at) {
		l.wake()
	}
}

// A Timer runs a function on its loop when its time has come.
//
//	started ──its time──▶ due ──run──▶ over, or started again (Every)
//	  │  ▲                 │            │
//	  │  └──────Reset──────┴────────────┘
//	  └──Stop──▶ stopped ──Reset──▶ started
type Timer struct {
	timer timeouts.Timer
	loop  *Loop
	fn    func()
	fire  func()            // run, as a value made once
	at    timeouts.Deadline // loop.timers.mu
	every time.Duration     // loop.timers.mu; 0: once
	due   bool              // loop.timers.mu; its time has come, and the function is queued
	round uint32            // loop.timers.mu; counts starts and stops, so that a queued call of an earlier one is dropped
	fires uint32            // loop.timers.mu; the round of the queued call
}

// After runs fn on the loop once d has passed: never earlier, and after what became ready by then.
// A d below 0 counts as 0. On a closed loop it never runs.
func (l *Loop) After(d time.Duration, fn func()) *Timer { return l.newTimer(d, 0, fn) }

// Every runs fn on the loop at each multiple of d from now, a millisecond being the least. A loop
// that is late skips what it has missed. It goes on until Stop.
func (l *Loop) Every(d time.Duration, fn func()) *Timer {
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

// start starts the timer, and returns whether a call was still to come.
func (t *Timer) start(d time.Duration) bool {
	l, ts := t.loop, &t.loop.timers
	at := l.clock.Now().Add(max(d, 0))
	ts.mu.Lock()
	pending := t.due || t.timer.Started()
	t.due = false
	t.round++
	t.at = at
	earliest := false
	if !l.closed.Load() {
		earliest = at < ts.wheel.Next()
		ts.wheel.Start(&t.timer, at)
	}
	ts.unlock()
	if earliest {
		l.wake()
	}
	return pending
}

// Reset makes the timer run its function once d has passed from now, as After does, or at each
// multiple of d if it was made by Every. A call that was still to come does not: then Reset returns
// true. It can be called from any goroutine, also while the function runs, and starts a timer anew
// that has run or was stopped.
func (t *Timer) Reset(d time.Duration) bool {
	t.loop.timers.mu.Lock()
	if t.every != 0 {
		d = max(d, time.Millisecond)
		t.every = d
	}
	t.loop.timers.mu.Unlock()
	return t.start(d)
}

// Stop makes the function not be called any more, until Reset. It returns true if a call was still
// to come. A call that is under way goes on.
func (t *Timer) Stop() bool {
	ts := &t.loop.timers
	ts.mu.Lock()
	defer ts.unlock()
	pending := t.due || t.timer.Started()
	t.due = false
	t.round++
	ts.wheel.Stop(&t.timer)
	return pending
}

// expire queues the function for the turn's last step. Loop only.
func (t *Timer) expire(now timeouts.Deadline) {
	ts := &t.loop.timers
	ts.mu.Lock()
	due := t.due // else Stop or Reset came since it was taken from the wheel
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

// expire hands out what is due. Loop only.
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
