package loop

import (
	"os"
	"time"

	"github.com/polluxio/pollux"
	"github.com/polluxio/pollux/timeouts"
)

// longestRetry is where the doubling of Outcome.Retry ends, as in net/http's Accept.
const longestRetry = time.Second

// A laneTimer looks at a lane when the time has come. There is one for a lane, not one for an operation: an operation that
// ends before its deadline leaves the node in the wheel, and the next one with a later deadline finds it there and pays
// nothing.
type laneTimer struct {
	timeouts.Timer
	fd      *FD
	d       Direction
	at      timeouts.Deadline // fd.mu: when the node fires; Never if it is in no wheel
	retry   timeouts.Deadline // fd.mu: when the lane is to be tried without an edge, or Never
	backoff int               // fd.mu: how often in a row it had to
	asked   timeouts.Deadline // fd.mu: whose time was over by then has no further attempt unless the lane is ready
}

func (fd *FD) laneTimer(d Direction) *laneTimer {
	if fd.extra == nil {
		x := new(extra)
		for d := range x.lanes {
			lt := &x.lanes[d]
			*lt = laneTimer{fd: fd, d: Direction(d), at: timeouts.Never, retry: timeouts.Never}
			lt.Owner = lt
		}
		fd.extra = x
	}
	return &fd.extra.lanes[d]
}

func (x *extra) stop(l *Loop) {
	for d := range x.lanes {
		lt := &x.lanes[d]
		lt.asked = timeouts.Now // it was that loop's clock
		if lt.at != timeouts.Never {
			lt.at, lt.retry = timeouts.Never, timeouts.Never
			l.timers.stop(&lt.Timer)
		}
	}
}

// arm makes the lane be looked at no later than at. fd.mu is held.
func (lt *laneTimer) arm(at timeouts.Deadline) {
	if lt.at > at {
		lt.at = at
		lt.fd.loop.startTimer(&lt.Timer, at)
	}
}

// Expired makes it a timeouts.Owner. A loop calls FD.expire itself, which has to know whose goroutine it is.
func (lt *laneTimer) Expired(_ *timeouts.Timer, now timeouts.Deadline) {
	lt.fd.expire(lt.fd.Loop(), lt, now)
}

// rested has the lane begin anew when it must back off again. mu is held.
func (fd *FD) rested(d Direction) {
	fd.extra.lanes[d].backoff = 0
	fd.state &^= fdBackedOff << d
}

// backOff makes the lane be tried again without an edge: after out.Retry, twice that, and so on up to a second.
func (fd *FD) backOff(d Direction, out Outcome) {
	lt := fd.laneTimer(d)
	delay := min(out.Retry<<min(lt.backoff, 10), longestRetry)
	at := fd.loop.clock.Now().Add(delay)
	if lt.retry <= at {
		return // an edge came meanwhile, and was in vain
	}
	lt.backoff++
	fd.state |= fdBackedOff << d
	lt.retry = at
	lt.arm(at)
	if out.Cause != nil {
		// On the loop, and not here under the lock: what a logger does with it is the user's code.
		l, sysfd := fd.loop, fd.sysfd
		l.post(work{fn: func() {
			l.log.Warn("operation backs off", "lane", d.String(), "fd", sysfd, "for", delay, "error", out.Cause)
		}})
	}
}

// expire ends the operations of a lane whose deadline has passed, after a last attempt: what can complete does, however late
// the loop is. Those before them are tried too, so that nobody passes another. It also makes the attempts that were put off. Loop only.
func (fd *FD) expire(on *Loop, lt *laneTimer, now timeouts.Deadline) {
	fd.mu.Lock()
	if fd.state&fdClosed != 0 || fd.loop != on || lt.at > now { // closed, or moved to another loop, in this very moment
		fd.mu.Unlock()
		return
	}
	lt.at = timeouts.Never
	l, d := fd.loop, lt.d
	tell := pollux.Ready(0)
	if lt.retry <= now {
		lt.retry = timeouts.Never
		tell = edge(d)
		fd.state &^= lane(d, laneBlocked)
	}
	due, fresh := fd.overdue(lt, now)
	lent := d == Write && fd.state&fdLent != 0
	if lent {
		// Who has the lane will make an attempt anyway, or leave it; the watcher is told then.
		if tell != 0 {
			fd.state |= lane(d, laneHeld)
		}
		tell, due, fresh = 0, false, false
	} else if fd.state&lane(d, laneBusy) != 0 && (tell != 0 || due) {
		// Somebody is in an attempt, which takes no time to speak of: what is due has its last one after that.
		if tell != 0 {
			lt.retry = now
		}
		lt.arm(now)
		fd.mu.Unlock()
		return
	}
	if fresh {
		lt.asked = now
		fd.state &^= lane(d, laneBlocked) // the edge may be among those that the loop has not seen yet
	}
	ready := fd.state&lane(d, laneBlocked) == 0 && lt.retry == timeouts.Never
	if fd.first(d) != nil && (tell != 0 || fresh || due && ready) && !fd.drain(d, l) {
		// More may complete, each in its turn; who cannot is told after that.
		if tell != 0 {
			lt.retry = now
		}
		lt.arm(now)
		fd.unlockAndClose()
		return
	}
	out := fd.state&lane(d, laneBusy) != 0 && !lent // who else is due has his turn after who has got the lane
	next := lt.retry
	for o := fd.first(d); o != nil; {
		after := fd.after(o)
		switch {
		case out || o.Deadline > now:
			next = min(next, max(o.Deadline, now))
		case o.state == opTrying:
			o.canceled = os.ErrDeadlineExceeded
		default:
			fd.remove(o)
			o.settle(os.ErrDeadlineExceeded, l)
		}
		o = after
	}
	if next != timeouts.Never && fd.state&fdClosed == 0 {
		lt.arm(next)
	}
	if tell != 0 && fd.state&(fdWatched|fdClosed) == fdWatched {
		fd.dispatch(l, tell)
		return
	}
	fd.unlockAndClose()
}

// overdue says whether anybody's deadline has passed, and whether one has since the lane was asked. mu is held.
func (fd *FD) overdue(lt *laneTimer, now timeouts.Deadline) (due, fresh bool) {
	for o := fd.first(lt.d); o != nil; o = fd.after(o) {
		if o.Deadline <= now {
			due, fresh = true, fresh || o.Deadline > lt.asked
		}
	}
	return due, fresh
}
