package loop

import (
	"net"
	"os"
	"time"

	"github.com/polluxio/pollux"
	"github.com/polluxio/pollux/timeouts"
)

const (
	// longestRetry is where the doubling of Outcome.Retry ends, as in net/http's Accept.
	longestRetry = time.Second
	// grace is how long an operation whose time is over waits for the one before it, which was
	// woken to make its last attempt.
	grace = time.Millisecond
)

// extra is what a descriptor needs once something on it has a deadline; an idle one has none.
type extra struct {
	lanes [2]laneTimer
}

// A laneTimer looks at a lane when the time has come. There is one for a lane, not one for an
// operation: an operation that ends before its deadline leaves the node in the wheel, and the next
// one with a later deadline finds it there and pays nothing.
type laneTimer struct {
	timer    timeouts.Timer
	fd       *FD
	d        Direction
	at       timeouts.Deadline // fd.mu: when the node fires; Never if it is in no wheel
	deadline timeouts.Deadline // fd.mu: of the lane, by SetDeadline, or Never
	retry    timeouts.Deadline // fd.mu: when the lane is to be tried without an edge, or Never
	backoff  int               // fd.mu: how often in a row it had to
	asked    timeouts.Deadline // fd.mu: operations with a deadline until then had their last attempt
}

func (fd *FD) laneTimer(d Direction) *laneTimer {
	if fd.extra == nil {
		x := new(extra)
		for d := range x.lanes {
			lt := &x.lanes[d]
			*lt = laneTimer{fd: fd, d: Direction(d), at: timeouts.Never, deadline: timeouts.Never, retry: timeouts.Never}
			lt.timer.Owner = lt
		}
		fd.extra = x
	}
	return &fd.extra.lanes[d]
}

// join starts the timers of the lanes' deadlines on the loop that the descriptor has joined. fd.mu
// is held.
func (x *extra) join() {
	for d := range x.lanes {
		if lt := &x.lanes[d]; lt.deadline != timeouts.Never {
			lt.fd.limit(lt)
		}
	}
}

// part stops the timers on l, which the descriptor leaves. fd.mu is held.
func (x *extra) part(l *Loop) {
	for d := range x.lanes {
		lt := &x.lanes[d]
		lt.asked = timeouts.Now // by that loop's clock
		if lt.at != timeouts.Never {
			lt.at, lt.retry = timeouts.Never, timeouts.Never
			l.timers.stop(&lt.timer)
		}
		if lt.deadline != timeouts.Never {
			lt.fd.state |= lane(lt.d, laneLate) // no timer looks after it
		}
	}
}

// arm makes the lane be looked at no later than at. fd.mu is held; fd is on a loop.
func (lt *laneTimer) arm(at timeouts.Deadline) {
	if lt.at > at {
		lt.at = at
		lt.fd.loop.startTimer(&lt.timer, at)
	}
}

// SetDeadline sets the deadline of a lane, an instant of the clock of Now: operations of the lane
// that wait then, or begin later, end with os.ErrDeadlineExceeded. It can be moved at any time,
// also into the past, while operations wait. timeouts.Never is none. It counts beside the timeouts
// of the operations: the earlier one ends them.
//
// Error: net.ErrClosed.
func (fd *FD) SetDeadline(d Direction, at timeouts.Deadline) error {
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

// limit puts the deadline of a lane into effect. mu is held.
func (fd *FD) limit(lt *laneTimer) {
	late := lane(lt.d, laneLate)
	if was := fd.state & late; was != 0 && fd.loop != nil && fd.state&fdWatched != 0 && lt.deadline > fd.loop.clock.Now() {
		fd.state |= lane(lt.d, laneHeld) // what came while the deadline had passed made no call
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

// past says whether the lane's deadline has passed. mu is held.
func (fd *FD) past(d Direction) bool {
	if fd.state&lane(d, laneLate) == 0 {
		return false
	}
	return fd.loop != nil || fd.extra.lanes[d].deadline <= timeouts.System.Now()
}

// resting says whether the lane backs off: no attempt is due before its timer or an edge. mu is
// held.
func (fd *FD) resting(d Direction) bool {
	return fd.extra != nil && fd.extra.lanes[d].retry != timeouts.Never
}

// rested ends the doubling. mu is held.
func (fd *FD) rested(d Direction) {
	fd.extra.lanes[d].backoff = 0
	fd.state &^= lane(d, laneBackedOff|laneEdgeless)
}

// backOff makes the lane be tried again without an edge: after out.Retry, twice that, and so on up
// to out.Most. mu is held.
func (fd *FD) backOff(d Direction, out Outcome) {
	lt := fd.laneTimer(d)
	most := longestRetry
	if out.Most > 0 {
		most = out.Most
	}
	if out.Edgeless {
		fd.state |= lane(d, laneEdgeless)
	} else {
		fd.state &^= lane(d, laneEdgeless)
	}
	delay := min(out.Retry<<min(lt.backoff, 10), most)
	at := fd.loop.clock.Now().Add(delay)
	if lt.retry <= at {
		return // an edge came meanwhile, and its attempt came to nothing
	}
	lt.backoff++
	fd.state |= lane(d, laneBackedOff)
	lt.retry = at
	lt.arm(at)
	if out.Cause != nil {
		// On the loop, and not here under the lock: the logger is the user's code.
		l, sysfd := fd.loop, fd.sysfd
		l.post(work{fn: func() {
			l.log.Warn("operation backs off", "lane", d.String(), "fd", sysfd, "for", delay, "error", out.Cause)
		}})
	}
}

// expire ends the operations of a lane whose deadline has passed, after a last attempt: what can
// complete does, however late the loop is. It also makes the attempts that were put off. Loop only.
//
// The last attempt is that of the first operation, so that none passes another. If it succeeds, the
// next one has its turn as always; if it comes to nothing, the others whose time is over end with
// it (settleDue). If the first does not come to make it (its loop is held up), they end after
// grace.
func (fd *FD) expire(on *Loop, lt *laneTimer, now timeouts.Deadline) {
	fd.mu.Lock()
	if fd.state&fdClosed != 0 || fd.loop != on || lt.at > now { // closed, or moved to another loop, at this very moment
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
			fd.state |= lane(d, laneHeld) // the end of the attempt under way goes on with it
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
			fd.state &^= lane(d, laneBlocked) // the edge may be among those that the loop has not seen yet
		}
		switch {
		case !busy && !fd.serve(d, on):
			next = now // more may complete, in the next turn
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

// rearm starts the timer for what is next in the lane: at, or earlier. mu is held.
func (fd *FD) rearm(lt *laneTimer, at timeouts.Deadline) {
	if fd.state&fdClosed != 0 || fd.loop == nil {
		return
	}
	at = min(at, lt.retry)
	if fd.state&lane(lt.d, laneLate) == 0 {
		at = min(at, lt.deadline)
	}
	for o := fd.first(lt.d); o != nil; o = fd.after(o) {
		if o.deadline > lt.asked { // the others have had their last attempt, or are waiting for grace to end
			at = min(at, o.deadline)
		}
	}
	if at != timeouts.Never {
		lt.arm(at)
	}
}

// due says whether the time of an operation in the queue is over that is not making its last
// attempt already. mu is held.
func (fd *FD) due(d Direction, now timeouts.Deadline) bool {
	for o := fd.first(d); o != nil; o = fd.after(o) {
		if o.deadline <= now && o.state == opQueued {
			return true
		}
	}
	return false
}

// settleDue ends the operations of the lane whose time is over. One that was woken makes its last
// attempt itself. mu is held.
func (fd *FD) settleDue(d Direction, now timeouts.Deadline, on *Loop) {
	for o := fd.first(d); o != nil; {
		next := fd.after(o)
		if o.deadline <= now {
			switch o.state {
			case opQueued:
				fd.remove(o)
				o.settle(os.ErrDeadlineExceeded, on)
			case opTrying:
				o.canceled = os.ErrDeadlineExceeded
			}
		}
		o = next
	}
}
