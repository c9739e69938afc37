package loop

import (
	"net"
	"os"
	"time"

	"github.com/polluxio/pollux"
	"github.com/polluxio/pollux/timeouts"
)

const (
	// longestRetry is the longest time between two attempts with Retry, as in net/http's
	// Accept.
	longestRetry = time.Second
	// grace is how long an operation whose deadline has passed still waits for the operation before
	// it, which was woken to make its last attempt.
	grace = time.Millisecond
)

// extra holds the timers of a descriptor that has had a deadline. An idle descriptor has no extra.
type extra struct {
	lanes [2]laneTimer
}

// A laneTimer makes the loop look at a lane at a set time. The operations of a lane share one
// timer. An operation that ends before its deadline leaves the timer in the wheel, so the next
// operation with a later deadline starts no timer.
type laneTimer struct {
	timer    timeouts.Timer
	fd       *FD
	d        Direction
	edgeless bool              // fd.mu; while the lane backs off: ignore its edges
	at       timeouts.Deadline // fd.mu: when the timer fires; Never if it is in no wheel
	deadline timeouts.Deadline // fd.mu: the lane's deadline, set by SetDeadline, or Never
	retry    timeouts.Deadline // fd.mu: when the loop tries the lane without an edge, or Never
	backoff  int               // fd.mu: back-offs in a row
	asked    timeouts.Deadline // fd.mu: operations with a deadline up to here have had their last attempt
}

func (fd *FD) laneTimer(d Direction) *laneTimer {
	if fd.extra == nil {
		fd.extra = newExtra(fd)
	}
	return &fd.extra.lanes[d]
}

func newExtra(fd *FD) *extra {
	x := new(extra)
	for d := range x.lanes {
		lt := &x.lanes[d]
		lt.fd, lt.d = fd, Direction(d)
		lt.at, lt.deadline, lt.retry = timeouts.Never, timeouts.Never, timeouts.Never
		lt.timer.Owner = lt
	}
	return x
}

// join starts the timers of the lanes' deadlines on the loop that the descriptor has joined. The
// caller holds fd.mu.
func (x *extra) join() {
	for d := range x.lanes {
		if lt := &x.lanes[d]; lt.deadline != timeouts.Never {
			lt.fd.limit(lt)
		}
	}
}

// part stops the timers on l, which the descriptor leaves. The caller holds fd.mu.
func (x *extra) part(l *Loop) {
	for d := range x.lanes {
		lt := &x.lanes[d]
		lt.asked = timeouts.Now // asked was a time of that loop's clock
		if lt.at != timeouts.Never {
			lt.at, lt.retry = timeouts.Never, timeouts.Never
			l.timers.stop(&lt.timer)
		}
		if lt.deadline != timeouts.Never {
			lt.fd.state |= lane(lt.d, laneLate) // no timer watches it any more
		}
	}
}

// arm makes the loop look at the lane, no later than at. The caller holds fd.mu, and fd is on a
// loop.
func (lt *laneTimer) arm(at timeouts.Deadline) {
	if lt.at > at {
		lt.at = at
		if l := lt.fd.loop; l.timers.start(&lt.timer, at) {
			l.wake()
		}
	}
}

// SetDeadline sets the deadline of a lane, an instant of the clock of Now. Operations of the lane
// that wait at the deadline, or begin after it, end with os.ErrDeadlineExceeded. timeouts.Never
// removes the deadline. The caller may move it at any time while operations wait, also into the
// past. An operation ends at the earlier of the deadline and its own timeout.
//
// Errors: net.ErrClosed; an error for a d that is neither Read nor Write.
func (fd *FD) SetDeadline(d Direction, at timeouts.Deadline) error {
	if d > Write {
		return badLane("FD.SetDeadline", d)
	}
	fd.mu.Lock()
	defer fd.mu.Unlock()
	if fd.state&fdClosed != 0 {
		return net.ErrClosed
	}
	if fd.extra == nil && at == timeouts.Never {
		return nil
	}
	lt := fd.laneTimer(d)
	lt.deadline = at
	fd.limit(lt)
	return nil
}

// limit applies the deadline of a lane. The caller holds mu.
func (fd *FD) limit(lt *laneTimer) {
	late := lane(lt.d, laneLate)
	if was := fd.state & late; was != 0 && fd.loop != nil && fd.state&fdWatched != 0 && lt.deadline > fd.loop.clock.Now() {
		fd.state |= lane(lt.d, laneHeld) // events after the old deadline did not call the watcher
		fd.again(nil)
	}
	switch {
	case lt.deadline == timeouts.Never:
		fd.state &^= late
	case fd.loop == nil:
		fd.state |= late
	case lt.deadline > fd.loop.clock.Now():
		fd.state &^= late
		lt.arm(lt.deadline)
	default:
		fd.state |= late
		fd.settleAll(lt.d, os.ErrDeadlineExceeded)
		if fd.state&fdWatched != 0 {
			fd.state |= lane(lt.d, laneHeld)
			fd.again(nil)
		}
	}
}

// past reports whether the lane's deadline has passed. The caller holds mu.
func (fd *FD) past(d Direction) bool {
	if fd.state&lane(d, laneLate) == 0 {
		return false
	}
	return fd.loop != nil || fd.extra.lanes[d].deadline <= timeouts.System.Now()
}

// resting reports whether the lane backs off: no attempt is due before its timer or an edge. The
// caller holds mu.
func (fd *FD) resting(d Direction) bool {
	return fd.extra != nil && fd.extra.lanes[d].retry != timeouts.Never
}

// rested resets the back-off. The caller holds mu.
func (fd *FD) rested(d Direction) {
	fd.extra.lanes[d].backoff = 0
	fd.state &^= lane(d, laneBackedOff)
}

// backOff makes the loop try the lane again without an edge: after r.After, then after twice that
// time, and so on up to r.Most. The caller holds mu.
func (fd *FD) backOff(d Direction, r *Retry) {
	lt := fd.laneTimer(d)
	most := longestRetry
	if r.Most > 0 {
		most = r.Most
	}
	lt.edgeless = r.Edgeless
	fd.unmute()
	delay := min(r.After<<min(lt.backoff, 10), most)
	at := fd.loop.clock.Now().Add(delay)
	if lt.retry <= at {
		return // an earlier back-off is still running: an edge came, and its attempt brought nothing
	}
	lt.backoff++
	fd.state |= lane(d, laneBackedOff)
	lt.retry = at
	lt.arm(at)
	if r.Cause != nil {
		// Log on the loop, and not here under the lock: the logger is user code.
		l, sysfd := fd.loop, fd.sysfd
		l.post(work{fn: func() {
			l.log.Warn("operation backs off", "lane", d.String(), "fd", sysfd, "for", delay, "error", r.Cause)
		}})
	}
}

// expire ends the operations of a lane whose deadline has passed, after one last attempt. An
// operation that can complete does so, however late the loop is. expire also makes attempts that
// were put off. Loop only.
//
// The first operation makes the last attempt, so that no operation passes another. If it succeeds,
// the next operation has its turn as always. If it returns ErrAgain, the others whose deadline has
// passed end with it (settleDue). If the first one does not make its attempt, because its own loop
// is held up, the others end after grace.
func (fd *FD) expire(on *Loop, lt *laneTimer, now timeouts.Deadline) {
	fd.mu.Lock()
	if fd.state&fdClosed != 0 || fd.loop != on || lt.at > now { // fd was closed, or moved to another loop, at this moment
		fd.mu.Unlock()
		return
	}
	lt.at = timeouts.Never
	d, next, tell := lt.d, timeouts.Never, pollux.Ready(0)
	if lt.deadline <= now && fd.state&lane(d, laneLate) == 0 {
		fd.state |= lane(d, laneLate)
		fd.settleAll(d, os.ErrDeadlineExceeded)
		tell = edge(d)
	}
	busy, lent := fd.state&lane(d, laneBusy) != 0, d == Write && fd.state&fdLent != 0
	if lt.retry <= now {
		lt.retry = timeouts.Never
		fd.state &^= lane(d, laneBlocked)
		if busy {
			fd.state |= lane(d, laneHeld) // the end of the running attempt calls the watcher
			fd.renew(d)
		} else {
			tell = edge(d)
		}
	}
	fd.settleDue(d, lt.asked, on)
	switch {
	case !fd.due(d, now):
		if tell != 0 {
			fd.serve(d, on)
		}
	case lent:
		fd.settleDue(d, now, on)
	default:
		if !busy {
			fd.state &^= lane(d, laneBlocked) // the poller may have an edge that the loop has not seen yet
		}
		switch {
		case !busy && !fd.serve(d, on):
			next = now // more operations may complete, in the next turn
		case busy || fd.ordered(d) != nil && fd.ordered(d).state == opWoken:
			lt.asked = now
			next = now.Add(grace)
		default:
			lt.asked = now
			fd.settleDue(d, now, on)
		}
	}
	fd.rearm(lt, next)
	if tell != 0 && fd.state&(fdWatched|fdClosed) == fdWatched {
		fd.dispatch(on, tell)
		return
	}
	fd.unlockAndClose()
}

// rearm starts the timer for the next event of the lane, no later than at. The caller holds mu.
func (fd *FD) rearm(lt *laneTimer, at timeouts.Deadline) {
	if fd.state&fdClosed != 0 || fd.loop == nil {
		return
	}
	at = min(at, lt.retry)
	if fd.state&lane(lt.d, laneLate) == 0 {
		at = min(at, lt.deadline)
	}
	for e := fd.first(lt.d); e != nil; e = fd.after(e) {
		if e.deadline > lt.asked { // the others have had their last attempt, or wait for grace to end
			at = min(at, e.deadline)
		}
	}
	if at != timeouts.Never {
		lt.arm(at)
	}
}

// due reports whether an operation in the queue has reached its deadline and is not making its last
// attempt already. The caller holds mu.
func (fd *FD) due(d Direction, now timeouts.Deadline) bool {
	for e := fd.first(d); e != nil; e = fd.after(e) {
		if e.deadline <= now && e.state == opQueued {
			return true
		}
	}
	return false
}

// settleDue ends the operations of the lane whose deadline has passed. One that was woken makes its
// last attempt itself. The caller holds mu.
func (fd *FD) settleDue(d Direction, now timeouts.Deadline, on *Loop) {
	for e := fd.first(d); e != nil; {
		next := fd.after(e)
		if e.deadline <= now {
			switch e.state {
			case opQueued:
				fd.remove(e)
				e.settle(os.ErrDeadlineExceeded, on)
			case opTrying:
				e.err = os.ErrDeadlineExceeded
			}
		}
		e = next
	}
}
