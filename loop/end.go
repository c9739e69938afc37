package loop

import (
	"fmt"
	"net"
	"runtime"
	"time"
)

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
