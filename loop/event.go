package loop

import (
	"time"

	"github.com/polluxio/pollux"
)

// What the loop does for a descriptor: at its events, and when it comes back without one.

// An edge whose attempt comes to nothing is rare. Many in a row mean that the attempts make the
// edges (with AF_ALG each makes the next: af_alg_wmem_wakeup at the end of recvmsg). From vainMost
// on, a lane is tried once in vainDelay until there is something.
const (
	vainMost  = 16
	vainDelay = time.Millisecond
)

// event serves what waits for an event, and calls the watcher. Loop only.
func (fd *FD) event(l *Loop, r pollux.Ready) {
	fd.mu.Lock()
	if fd.state&fdClosed != 0 || fd.loop != l { // it has moved: its new loop gets all events anew
		fd.mu.Unlock()
		return
	}
	if fd.state&fdAgain != 0 {
		fd.state = fd.state&^fdAgain | fdServed // this is the coming back, and this turn's share
		r |= fd.open(l)
	}
	called := fd.state&fdCalled != 0
	if r&(pollux.Hangup|pollux.Urgent) != 0 {
		fd.state |= fdNoHint
	}
	// A writer is called only if an attempt was refused.
	tell := r & (pollux.Readable | pollux.Hangup | pollux.Urgent)
	for d := Read; d <= Write; d++ {
		if r&edge(d) == 0 {
			continue
		}
		if fd.state&lane(d, laneEdgeless) != 0 && r&pollux.Hangup == 0 && fd.resting(d) {
			tell &^= edge(d) // its time will come
			continue
		}
		if d == Write && fd.state&lane(Write, laneBlocked|laneHeld) != 0 {
			tell |= pollux.Writable
		}
		fd.state = fd.state&^lane(d, laneBlocked|laneHeld) | lane(d, laneReady)
		switch {
		case fd.state&lane(d, laneBusy) != 0:
			// The attempt that is under way will try again, or leave what has come to those in the
			// queue.
			fd.renew(d)
		case fd.queue[d] == nil && (fd.state&fdWatched == 0 || tell&edge(d) == 0):
			// Nothing waits for it.
		case fd.vain[d] >= vainMost:
			fd.damp(d)
			tell &^= edge(d)
		case fd.queue[d] != nil:
			fd.vain[d]++
			fd.serve(d, l)
		}
		if d == Write && tell&pollux.Writable != 0 && fd.ordered(d) != nil {
			tell &^= pollux.Writable // operations are first
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

// damp puts an edge off, since those before it came to nothing. mu is held.
func (fd *FD) damp(d Direction) {
	fd.state = fd.state&^lane(d, laneReady) | lane(d, laneBlocked)
	lt := fd.laneTimer(d)
	lt.retry = min(lt.retry, fd.loop.clock.Now().Add(vainDelay)) // an operation may have backed off before
	lt.arm(lt.retry)
}

// dispatch calls the watcher. mu is held, and is given up.
func (fd *FD) dispatch(l *Loop, tell pollux.Ready) {
	w := fd.watcher
	l.spent = [2]uint16{}
	fd.state = fd.state&^(fdTook|fdCalled) | fdDispatching
	listed := fd.state&fdAgain != 0
	fd.mu.Unlock()

	failed := l.guard(fd, w, tell)

	fd.mu.Lock()
	if fd.loop != l { // it has moved: what is remembered now is for its new loop
		fd.unlockAndClose()
		if failed != nil {
			fd.leave(0, failed)
		}
		return
	}
	fd.state &^= fdDispatching
	for d, spent := range l.spent {
		if spent > 0 && fd.vain[d] < vainMost { // it tried; if anything came of that, this was 0 again
			fd.vain[d]++
		}
	}
	if fd.state&(fdTook|fdWatched|lane(Read, laneBlocked)) == fdTook|fdWatched {
		fd.state |= fdAgain // it stopped before the end
	}
	if fd.state&(fdAgain|fdClosed) == fdAgain && !listed {
		l.again = append(l.again, fd)
	}
	fd.unlockAndClose()
	if failed != nil {
		fd.leave(0, failed)
	}
}

// guard runs the watcher, and contains its panic.
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

// forget makes both lanes be tried again, whatever was learned: an event was lost.
func (fd *FD) forget() {
	fd.mu.Lock()
	fd.state = fd.state&^(lane(Read, laneBlocked)|lane(Write, laneBlocked)) | lane(Write, laneHeld) | fdNoHint
	fd.mu.Unlock()
}

// again makes the loop come back to fd though no edge will tell it to. on is the loop whose
// goroutine this is, or nil. mu is held.
func (fd *FD) again(on *Loop) {
	if fd.state&fdAgain != 0 || fd.loop == nil {
		return
	}
	fd.state |= fdAgain
	switch {
	case fd.state&fdDispatching != 0: // dispatch will see it
	case on != nil:
		on.again = append(on.again, fd)
	default:
		fd.loop.post(work{fd: fd})
	}
}

// resume is the loop's coming back: an edge for each lane that is not known to be blocked. Loop
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
	fd.unlockAndClose() // it may have been closed during an attempt of open's
	fd.event(l, r)
}

// open says which lanes are not known to be blocked. In one that is, it serves the operations that
// are Blind. mu is held. Loop only.
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

// serve lets the operations of a lane go on in order: it wakes those of goroutines and tasks, and
// makes the attempts of futures, until one is not ready, none is left, a woken one has to come
// first, or the budget is spent: then it returns false. mu is held, and is given up during each
// attempt. Loop only.
func (fd *FD) serve(d Direction, l *Loop) (all bool) {
	spent, stuck := 0, fd.state&lane(d, laneBlocked) != 0
	for o := fd.first(d); o != nil && fd.state&lane(d, laneBusy) == 0; {
		switch {
		case stuck && !o.Blind: // only the blind pass one that is not ready
			o = fd.after(o)
			continue
		case o.own():
			if o.state == opQueued {
				o.wake(l)
			}
			stuck = stuck || !o.Blind // those behind wait for it
			o = fd.after(o)
			continue
		case spent >= budget:
			fd.again(l)
			return false
		}
		o.moved = 0
		out, v, err := fd.attempt(o)
		spent += out.cost()
		switch v {
		case retry:
		case mustWait:
			if stuck = stuck || !o.Blind; out.More {
				fd.again(l)
				return false
			}
			o = fd.after(o)
		case over:
			next := fd.after(o)
			fd.remove(o)
			o.settle(err, l)
			stuck = stuck || fd.state&lane(d, laneBlocked) != 0
			o = next
		}
	}
	if fd.ordered(d) == nil {
		fd.rouse(d, l)
	}
	return true
}

// attempt makes one attempt of an operation of a future. mu is held, and is given up meanwhile.
func (fd *FD) attempt(o *Op) (out Outcome, v verdict, err error) {
	was := o.state
	o.state, o.fresh = opTrying, false
	fd.take(&o.Call)
	fd.mu.Unlock()

	out, err = try(o.Attempt, o.Sysfd)

	fd.mu.Lock()
	fd.conclude(o.Lane, o.Blind, out, err)
	if err == ErrAgain {
		if v, err = fd.judge(&o.Call, out); v != over && o.canceled != nil {
			v, err = over, o.canceled
		}
	}
	o.state = was
	return out, v, err
}

// start makes the attempts of o on the caller's goroutine until one is done or has to wait; then o
// is in the queue and has a future. on is the loop on which it waits, or nil.
func (fd *FD) start(o *Op, home *Loop) (on *Loop, err error) {
	o.Home, o.deadline, o.moved, o.future, o.canceled, o.state = nil, 0, 0, nil, nil, opIdle
	fd.mu.Lock()
	err = fd.mayTry(o.Lane, o.Blind)
	if err == ErrAgain && o.Timeout == 0 && fd.doubt(o.Lane) {
		err = nil
	}
	tried, v, out := err == nil, over, Outcome{}
	if err == ErrAgain && o.Timeout != 0 {
		v = mustWait
	}
	for err == nil {
		out, v, err = fd.attempt(o)
		if v != retry {
			break
		}
	}
	if v == mustWait {
		o.future = &completion{op: o, fd: fd}
		if err = fd.enqueue(o, home, tried, out); err == nil {
			on = fd.loop
			fd.mu.Unlock()
			return on, nil
		}
		o.future = nil
	}
	fd.release(o.Lane)
	return nil, err
}
