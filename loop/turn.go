package loop

import (
	"log/slog"
	"runtime/debug"
	"time"

	"github.com/polluxio/pollux/timeouts"
)

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
	return contain(l.log, v, what, attrs...)
}

func contain(log *slog.Logger, v any, what string, attrs ...any) error {
	err := &PanicError{Value: v, Stack: debug.Stack()}
	log.Error(what, append(attrs, "panic", v, "stack", string(err.Stack))...)
	return err
}
