package loop

import (
	"os"
	"time"

	"github.com/polluxio/pollux"
	"github.com/polluxio/pollux/timeouts"
)

// This file has the loop's work for one descriptor: at its events, and when the loop comes back to
// it without an event.

// An attempt that follows an edge nearly always succeeds. Many failures in a row mean that the
// attempts themselves make the edges. With AF_ALG each attempt makes the next edge
// (af_alg_wmem_wakeup, at the end of recvmsg). After vainMost failures in a row the loop tries the
// lane once in vainDelay, until an attempt succeeds.
const (
	vainMost  = 16
	vainDelay = time.Millisecond
)

// event serves the operations that wait for an event, and calls the watcher. Loop only.
func (fd *FD) event(l *Loop, r pollux.Ready) {
	fd.mu.Lock()
	if fd.state&fdClosed != 0 || fd.loop != l { // the descriptor has moved, and its new loop gets all events anew
		fd.mu.Unlock()
		return
	}
	if fd.state&fdAgain != 0 {
		fd.state = fd.state&^fdAgain | fdServed // the loop need not come back for it again, and it has had its share of this turn
		r |= fd.open(l)
	}
	if r&pollux.Writable != 0 && fd.state&fdReadsToo != 0 {
		r |= pollux.Readable
	}
	called := fd.state&fdCalled != 0
	if r&(pollux.Hangup|pollux.Urgent) != 0 {
		fd.state |= fdNoHint
	}
	// Report writable to the watcher only if one of its attempts was refused.
	tell := r & (pollux.Readable | pollux.Hangup | pollux.Urgent)
	for d := Read; d <= Write; d++ {
		if r&edge(d) == 0 {
			continue
		}
		if fd.state&lane(d, laneBackedOff) != 0 && r&pollux.Hangup == 0 && fd.resting(d) && fd.extra.lanes[d].edgeless {
			tell &^= edge(d) // the retry timer will try it
			continue
		}
		if d == Write && fd.state&lane(Write, laneBlocked|laneHeld) != 0 {
			tell |= pollux.Writable
		}
		fd.state = fd.state&^lane(d, laneBlocked|laneHeld) | lane(d, laneReady)
		switch {
		case fd.state&lane(d, laneBusy) != 0:
			// The attempt that is running tries again at its end, or wakes those in the queue.
			fd.renew(d)
		case fd.queue[d] == nil && (fd.state&fdWatched == 0 || tell&edge(d) == 0):
			// Nothing waits for this lane.
		case fd.vain[d] >= vainMost:
			fd.damp(d)
			tell &^= edge(d)
		case fd.queue[d] != nil:
			fd.vain[d]++
			fd.serve(d, l)
		}
		if d == Write && tell&pollux.Writable != 0 && fd.ordered(d) != nil {
			tell &^= pollux.Writable // operations go before the watcher
			if fd.state&fdWatched != 0 {
				fd.state |= lane(d, laneHeld)
			}
		}
	}
	if fd.state&(fdWatched|fdClosed) == fdWatched && (tell != 0 || called) {
		fd.dispatch(l, tell)
		return
	}
	fd.unlockAndClose()
}

// damp ignores an edge until vainDelay has passed, because the attempts after earlier edges brought
// nothing. The caller holds mu.
func (fd *FD) damp(d Direction) {
	fd.state = fd.state&^lane(d, laneReady) | lane(d, laneBlocked)
	lt := fd.laneTimer(d)
	lt.retry = min(lt.retry, fd.loop.clock.Now().Add(vainDelay)) // a back-off may have set an earlier time
	lt.arm(lt.retry)
}

// dispatch calls the watcher. The caller holds mu, and dispatch unlocks it.
func (fd *FD) dispatch(l *Loop, tell pollux.Ready) {
	w := fd.watcher
	l.spent = [2]uint16{}
	fd.state = fd.state&^(fdTook|fdCalled) | fdDispatching
	listed := fd.state&fdAgain != 0
	fd.mu.Unlock()

	failed := l.guard(fd, w, tell)

	fd.mu.Lock()
	if fd.loop != l { // the descriptor has moved, and its state now belongs to its new loop
		fd.unlockAndClose()
		if failed != nil {
			fd.leave(0, failed)
		}
		return
	}
	fd.state &^= fdDispatching
	for d, spent := range l.spent {
		if spent > 0 && fd.vain[d] < vainMost { // the watcher made attempts; a success would have set vain to 0
			fd.vain[d]++
		}
	}
	if fd.state&(fdTook|fdWatched|lane(Read, laneBlocked)) == fdTook|fdWatched {
		fd.state |= fdAgain // the watcher stopped before the descriptor was empty
	}
	if fd.state&(fdAgain|fdClosed) == fdAgain && !listed {
		l.again = append(l.again, fd)
	}
	fd.unlockAndClose()
	if failed != nil {
		fd.leave(0, failed)
	}
}

// guard calls the watcher and recovers its panic.
func (l *Loop) guard(fd *FD, w Watcher, tell pollux.Ready) (failed error) {
	returned := false
	defer func() {
		if v := recover(); v != nil {
			failed = l.contain(v, "panic in a callback: its descriptor is closed", "fd", fd.String())
		} else if !returned { // runtime.Goexit: nothing after this defer runs
			fd.mu.Lock()
			fd.state &^= fdDispatching
			fd.mu.Unlock()
			fd.leave(0, errGoexit)
		}
	}()
	l.enterUser()
	w.Ready(tell)
	returned = true
	return nil
}

// forget makes both lanes be tried again, because the loop may have lost an event.
func (fd *FD) forget() {
	fd.mu.Lock()
	fd.lost()
	fd.mu.Unlock()
}

// lost does the work of forget. The caller holds mu.
func (fd *FD) lost() {
	fd.state = fd.state&^(lane(Read, laneBlocked)|lane(Write, laneBlocked)) | lane(Write, laneHeld) | fdNoHint
}

// again makes the loop come back to fd without an edge. on is the loop that runs on this goroutine,
// or nil. The caller holds mu.
func (fd *FD) again(on *Loop) {
	if fd.state&fdAgain != 0 || fd.loop == nil {
		return
	}
	fd.state |= fdAgain
	switch {
	case fd.state&fdDispatching != 0: // dispatch checks the flag at its end
	case on != nil:
		on.again = append(on.again, fd)
	default:
		fd.loop.post(work{fd: fd})
	}
}

// resume comes back to a descriptor. It acts as if each lane that is not blocked had an edge. Loop
// only.
func (fd *FD) resume(l *Loop) {
	fd.mu.Lock()
	if served := fd.state&fdServed != 0; served || fd.loop != l {
		if served && fd.loop == l {
			fd.state &^= fdServed
		}
		fd.mu.Unlock()
		return
	}
	fd.state &^= fdAgain
	r := fd.open(l)
	fd.unlockAndClose() // fd may have been closed during an attempt in open
	fd.event(l, r)
}

// open returns the lanes that are not blocked. In a blocked lane it serves the operations that are
// Blind. The caller holds mu. Loop only.
func (fd *FD) open(l *Loop) (r pollux.Ready) {
	for d := Read; d <= Write; d++ {
		switch {
		case fd.state&lane(d, laneBlocked) == 0 || fd.state&lane(d, laneLate) != 0 && fd.queue[d] == nil:
			r |= edge(d)
		case fd.state&lane(d, laneBusy) == 0 && fd.queue[d] != nil:
			fd.serve(d, l)
		}
	}
	return r
}

// serve lets the operations of a lane continue, in order. It wakes those of goroutines and tasks,
// and makes the attempts of futures. It stops when an operation is not ready, when none is left, or
// when a woken operation has to go first. It returns false if it stops because the budget is spent.
// The caller holds mu, and serve unlocks it during each attempt. Loop only.
func (fd *FD) serve(d Direction, l *Loop) (all bool) {
	spent, stuck := 0, fd.state&lane(d, laneBlocked) != 0
	for e := fd.first(d); e != nil && fd.state&lane(d, laneBusy) == 0; {
		switch {
		case stuck && !e.blind: // only blind operations pass one that is not ready
			e = fd.after(e)
			continue
		case e.op == nil:
			if e.state == opQueued {
				e.wake(l)
			}
			stuck = stuck || !e.blind // those behind e wait for it
			e = fd.after(e)
			continue
		case spent >= budget:
			fd.again(l)
			return false
		}
		e.op.moved = 0
		out, v, err := fd.attempt(e.op)
		spent += out.cost()
		switch v {
		case retry:
		case mustWait:
			if stuck = stuck || !e.blind; out.More {
				fd.again(l)
				return false
			}
			e = fd.after(e)
		case over:
			next := fd.after(e)
			fd.remove(e)
			e.settle(err, l)
			stuck = stuck || fd.state&lane(d, laneBlocked) != 0
			e = next
		}
	}
	if fd.ordered(d) == nil {
		fd.rouse(d, l)
	}
	return true
}

// attempt makes one attempt for a future. The caller holds mu, and attempt unlocks it meanwhile.
func (fd *FD) attempt(o *Op) (out Outcome, v verdict, err error) {
	e := &o.entry
	was := e.state
	e.state, e.fresh = opTrying, false
	fd.take(&o.Call)
	fd.mu.Unlock()

	out, err = try(o.Attempt, o.Sysfd, func() { fd.exited(o) })

	fd.mu.Lock()
	fd.conclude(o.Lane, o.Blind, &out, err)
	if err == ErrAgain {
		if v, err = fd.judge(&o.Call, &out); v != over && e.err != nil {
			v, err = over, e.err
		}
		e.deadline = o.deadline // an operation of several parts may have restarted its timeout
	}
	e.state = was
	return out, v, err
}

// exited ends the operation of a future whose attempt has ended the goroutine (runtime.Goexit). It
// does the rest of serve and of start.
func (fd *FD) exited(o *Op) {
	fd.mu.Lock()
	e := &o.entry
	fd.conclude(o.Lane, o.Blind, new(Outcome), errGoexit)
	if e.next != nil { // otherwise Start has made the attempt, and nothing waits for the result
		fd.remove(e)
		e.settle(errGoexit, nil)
		// The event that the loop was serving is not over.
		fd.lost()
		fd.again(nil)
	}
	fd.release(o.Lane)
}

// start makes the attempts of o on the caller's goroutine until o is done or must wait. If o must
// wait, it is in the queue, has a future, and on is its loop. Otherwise on is nil.
func (fd *FD) start(o *Op, home *Loop) (on *Loop, err error) {
	o.Home, o.begun, o.moved, o.future = nil, false, 0, nil
	o.entry = entry{op: o, lane: o.Lane, blind: o.Blind}
	fd.mu.Lock()
	v, err := fd.admit(&o.Call)
	tried, out := v == retry, Outcome{}
	for v == retry {
		out, v, err = fd.attempt(o)
	}
	if v == mustWait && fd.loop == nil {
		if err = fd.join(home); err == nil && out.Retry != nil && !o.Blind {
			fd.backOff(o.Lane, out.Retry) // conclude could not do this without a loop
		}
	}
	if v == mustWait && err == nil && fd.overdue(&o.Call, tried, out.More) {
		err = os.ErrDeadlineExceeded
	}
	if v == mustWait && err == nil {
		o.future = &completion{op: o, fd: fd}
		o.entry.deadline = o.deadline
		fd.enqueue(&o.entry, tried, &out)
		if o.deadline != timeouts.Never {
			fd.laneTimer(o.Lane).arm(o.deadline)
		}
		on = fd.loop
		fd.mu.Unlock()
		return on, nil
	}
	fd.release(o.Lane)
	return nil, err
}
