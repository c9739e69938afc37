package loop

import (
	"sync"
	"sync/atomic"
	"time"

	"github.com/polluxio/pollux/timeouts"
)

// timers is the wheel of a loop. It is filled and emptied from any goroutine, and expires on the loop's.
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
//	   └───────Stop───────┴──▶ stopped (final; the function is not called any more)
type Timer struct {
	timer   timeouts.Timer
	loop    *Loop
	fn      func()
	fire    func()            // run, as a value made once
	at      timeouts.Deadline // loop.timers.mu
	every   time.Duration     // immutable; 0: once
	due     bool              // loop.timers.mu
	stopped bool              // loop.timers.mu
}

// After runs fn on the loop once d has passed: never earlier, and after what became ready by then. A d below 0 counts as 0.
// On a closed loop it never runs.
func (l *Loop) After(d time.Duration, fn func()) *Timer { return l.newTimer(d, 0, fn) }

// Every runs fn on the loop at each multiple of d from now, a millisecond being the least. A loop that is late skips what it
// has missed. It goes on until Stop.
func (l *Loop) Every(d time.Duration, fn func()) *Timer {
	d = max(d, time.Millisecond)
	return l.newTimer(d, d, fn)
}

func (l *Loop) newTimer(d, every time.Duration, fn func()) *Timer {
	t := &Timer{loop: l, fn: fn, every: every, at: l.clock.Now().Add(max(d, 0))}
	t.fire = t.run
	t.timer.Owner = t
	if !l.closed.Load() {
		l.startTimer(&t.timer, t.at)
	}
	return t
}

// Stop makes the function not be called any more, unless it is being called just now. It returns true if a call was still to
// come.
func (t *Timer) Stop() bool {
	ts := &t.loop.timers
	ts.mu.Lock()
	defer ts.unlock()
	pending := t.due || t.timer.Started()
	t.stopped, t.due = true, false
	ts.wheel.Stop(&t.timer)
	return pending
}

// Expired is for the loop to call: what it runs is queued for the turn's last step.
func (t *Timer) Expired(_ *timeouts.Timer, now timeouts.Deadline) {
	ts := &t.loop.timers
	ts.mu.Lock()
	if t.every != 0 && !t.stopped {
		missed := now.Until(t.at) / t.every
		t.at = t.at.Add((missed + 1) * t.every)
		ts.wheel.Start(&t.timer, t.at)
	}
	ts.unlock()
	t.loop.local = append(t.loop.local, work{fn: t.fire})
}

func (t *Timer) run() {
	t.loop.timers.mu.Lock()
	due := t.due
	t.due = false
	t.loop.timers.mu.Unlock()
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
		if lt, ok := t.Owner.(*laneTimer); ok {
			lt.fd.expire(l, lt, now)
		} else {
			t.Owner.Expired(t, now)
		}
	}
}
