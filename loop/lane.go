package loop

import (
	"math"
	"net"
	"time"

	"github.com/polluxio/pollux"
)

// What a descriptor may spend in one turn. An operation counts as its bytes, and as opCost at the least.
const (
	budget = 256 << 10
	opCost = budget / 32

	spentUnit = 64 // bytes
)

// An edge whose attempt comes to nothing is a rare thing, and many in a row are not what happens but what the attempts do: with AF_ALG each
// makes the next edge (af_alg_wmem_wakeup at the end of recvmsg). From vainMost on, a lane is tried once in vainDelay until there is something.
const (
	vainMost  = 16
	vainDelay = time.Millisecond
)

func edge(d Direction) pollux.Ready { return pollux.Readable << d }

// The queue of a lane is a ring; fd.queue[d] is its last.

func (fd *FD) first(d Direction) *Op {
	if last := fd.queue[d]; last != nil {
		return last.next
	}
	return nil
}

// after is the one behind o, or nil if o is the last.
func (fd *FD) after(o *Op) *Op {
	if o == fd.queue[o.Lane] {
		return nil
	}
	return o.next
}

func (fd *FD) push(o *Op) {
	o.fd, o.state, o.canceled = fd, opQueued, nil
	if last := fd.queue[o.Lane]; last != nil {
		o.prev, o.next = last, last.next
		o.prev.next, o.next.prev = o, o
	} else {
		o.prev, o.next = o, o
	}
	fd.queue[o.Lane] = o
}

func (fd *FD) remove(o *Op) {
	if o.next == o {
		fd.queue[o.Lane] = nil
	} else {
		o.prev.next, o.next.prev = o.next, o.prev
		if fd.queue[o.Lane] == o {
			fd.queue[o.Lane] = o.prev
		}
	}
	o.prev, o.next = nil, nil
}

// free says that nobody and nothing is in the way of an attempt in the lane: mayTry's answer for most. mu is held.
func (fd *FD) free(d Direction) bool {
	s := fd.state
	return s&(fdClosed|lane(d, laneBusy|laneBlocked)) == 0 && fd.queue[d] == nil && (s&fdDispatching == 0 || fd.spent[d] < budget/spentUnit)
}

// mayTry says whether an attempt in the lane may begin. mu is held.
//
// Errors: net.ErrClosed; ErrAgain if the lane is surely not ready, if others are before who are not Blind, or if the watcher's budget is
// spent.
func (fd *FD) mayTry(d Direction, blind bool) error {
	s := fd.state
	switch {
	case fd.free(d):
		return nil
	case s&fdClosed != 0:
		return net.ErrClosed
	case s&lane(d, laneBusy) != 0 || !blind && (s&lane(d, laneBlocked) != 0 || fd.queued(d, false)):
		if s&fdWatched != 0 {
			fd.state |= lane(d, laneHeld)
		}
		return ErrAgain
	}
	return fd.withinBudget(d)
}

// doubt forgets that the lane is not ready, for who will not wait: between the arrival of something and the loop's look at its edge the
// system knows more than the lane. It returns whether there is reason to try. A watcher has no doubts: it is told in time, and it is not to
// pay for asking. mu is held.
func (fd *FD) doubt(d Direction) bool {
	if fd.state&(fdWatched|fdClosed|lane(d, laneBusy)) != 0 || fd.queued(d, false) {
		return false
	}
	fd.state &^= lane(d, laneBlocked)
	return true
}

// withinBudget returns ErrAgain if the watcher, which is being told, has had its share of this turn: it will be told again. What
// answers what was read is bounded by that, and not refused.
func (fd *FD) withinBudget(d Direction) error {
	if fd.state&fdDispatching == 0 || fd.spent[d] < budget/spentUnit || d == Write && fd.spent[Write] < fd.spent[Read] {
		return nil
	}
	fd.state |= fdAgain | lane(d, laneHeld)
	return ErrAgain
}

// Enter begins an attempt that the caller makes itself, without an Op: the cheapest way for an operation that mostly
// completes at once. A nil error must be followed by the attempt on sysfd and by Leave.
//
// Errors: net.ErrClosed; ErrAgain if the lane is not ready or others are before it: an operation that may wait goes on with
// Do.
func (fd *FD) Enter(d Direction, blind bool) (sysfd int, err error) { return fd.enter(d, blind, false) }

// EnterNow is Enter for who will not wait: it is not refused because of what the lane learned earlier.
func (fd *FD) EnterNow(d Direction, blind bool) (sysfd int, err error) {
	return fd.enter(d, blind, true)
}

func (fd *FD) enter(d Direction, blind, now bool) (sysfd int, err error) {
	fd.mu.Lock()
	if !fd.free(d) {
		err = fd.mayTry(d, blind)
		if err == ErrAgain && now && fd.doubt(d) {
			err = nil
		}
	}
	if err == nil {
		fd.state = fd.state&^lane(d, laneReady) | lane(d, laneBusy)
		sysfd = int(fd.sysfd)
	}
	fd.mu.Unlock()
	return sysfd, err
}

// Done is Leave for an attempt that moved n bytes without an error, and was not blind: Outcome.N, and Outcome.Drained.
func (fd *FD) Done(d Direction, n int, drained bool) {
	fd.mu.Lock()
	s := fd.state
	if s&(fdClosed|fdLent|lane(d, laneReady|laneHeld)) != 0 || fd.queue[d] != nil || fd.loop == nil {
		fd.conclude(d, false, Outcome{N: n, Drained: drained}, nil)
		fd.unlockLane(d)
		return
	}
	// The same, where nobody came meanwhile.
	s &^= lane(d, laneBusy|laneBlocked)
	if drained && s&fdNoHint == 0 {
		s |= lane(d, laneBlocked)
	}
	fd.state = s
	if s&fdDispatching != 0 {
		fd.charge(d, n)
		if d == Read && n > 0 {
			fd.state |= fdTook
		}
	}
	fd.vain[d] = 0
	if s&(fdBackedOff<<d) != 0 {
		fd.rested(d)
	}
	fd.mu.Unlock()
}

// charge counts what was moved for the watcher in this turn. mu is held.
func (fd *FD) charge(d Direction, n int) {
	units, most := max(n, opCost)/spentUnit, math.MaxUint16-1
	if d == Read { // rounded up, so that no answer counts as more than what it answers
		units, most = units+1, math.MaxUint16
	}
	fd.spent[d] = uint16(min(int(fd.spent[d])+units, most))
}

// Leave ends what Enter began, with the attempt's outcome and error. It returns true if the attempt should be made again at
// once: it said ErrAgain, but an edge came meanwhile.
func (fd *FD) Leave(d Direction, blind bool, out Outcome, err error) (retry bool) {
	fd.mu.Lock()
	fd.conclude(d, blind, out, err)
	retry = err == ErrAgain && fd.state&(fdClosed|lane(d, laneReady)) == lane(d, laneReady)
	fd.unlockLane(d)
	return retry
}

// unlockLane unlocks mu after an attempt that is not queued, and sees to those who came meanwhile.
func (fd *FD) unlockLane(d Direction) {
	if fd.state&fdClosed != 0 {
		fd.unlockAndClose()
		return
	}
	if o := fd.first(d); o != nil && o.own() && fd.state&lane(d, laneBusy|laneBlocked) == 0 {
		fd.hand(o, nil)
	} else {
		fd.tellRest(d, nil)
	}
	fd.mu.Unlock()
}

// give makes the lane that of one who waits for it. mu is held.
func (fd *FD) give(o *Op) {
	fd.state = fd.state&^lane(o.Lane, laneReady) | lane(o.Lane, laneBusy)
	fd.remove(o)
	o.Entered = true
}

// hand gives the lane to one who waits for it, to make the attempt, and tells him. mu is held; on is as in again.
func (fd *FD) hand(o *Op, on *Loop) {
	fd.give(o)
	if on != nil {
		on.handed = true
	}
	o.settle(nil, on)
}

// tellRest has the loop come back for those who came to the lane while it was not free, and whom no edge will tell: operations that
// queued, and a watcher that was refused. mu is held; on is as in again.
func (fd *FD) tellRest(d Direction, on *Loop) {
	blocked := fd.state&lane(d, laneBlocked) != 0
	if fd.queue[d] == nil {
		if !blocked && fd.state&fdWatched != 0 && fd.state&lane(d, laneHeld) != 0 {
			fd.again(on)
		}
	} else if !blocked || blocked && fd.queued(d, true) {
		fd.again(on)
	}
}

// conclude is what the lane learns from an attempt. mu is held.
func (fd *FD) conclude(d Direction, blind bool, out Outcome, err error) {
	s := fd.state &^ lane(d, laneBusy)
	if d == Write {
		s &^= fdLent
	}
	switch {
	case blind || fd.loop == nil || s&lane(d, laneReady) != 0:
		// Nothing learned, nobody would tell of the end of it, or an edge came since.
		if err == ErrAgain && (fd.loop == nil || s&fdWatched != 0 && !blind) {
			s |= lane(d, laneHeld) // the watcher, or one that comes, will want to know
		}
	case err == ErrAgain:
		if out.Retry == 0 && !out.More {
			s |= lane(d, laneBlocked)
		}
	case out.Drained && s&fdNoHint == 0:
		s |= lane(d, laneBlocked)
	default:
		s &^= lane(d, laneBlocked)
	}
	fd.state = s
	if s&fdDispatching != 0 {
		fd.charge(d, out.N)
		if d == Read && !blind {
			if err == nil && out.N > 0 {
				fd.state |= fdTook
			} else if err == ErrAgain {
				fd.state &^= fdTook
			}
		}
	}
	if err != ErrAgain || out.N > 0 || out.Retry != 0 { // who backs off is promised the next edge too
		fd.vain[d] = 0
	}
	if err != ErrAgain {
		if fd.state&(fdBackedOff<<d) != 0 {
			fd.rested(d)
		}
	} else if out.Retry != 0 && fd.loop != nil && s&fdClosed == 0 {
		fd.backOff(d, out)
	}
}

// event is what the loop does with an event: it makes the attempts that wait for it, and tells the watcher. Loop only.
func (fd *FD) event(l *Loop, r pollux.Ready) {
	fd.mu.Lock()
	if fd.state&fdClosed != 0 || fd.loop != l { // it has moved: its new loop is told all anew
		fd.mu.Unlock()
		return
	}
	if fd.state&fdAgain != 0 {
		fd.state = fd.state&^fdAgain | fdServed // this is the coming back, and this turn's share
		r |= fd.open(l)
	}
	if r&(pollux.Hangup|pollux.Urgent) != 0 {
		fd.state |= fdNoHint
	}
	// A writer is worth telling only if it was told to wait.
	tell := r & (pollux.Readable | pollux.Hangup | pollux.Urgent)
	for d := Read; d <= Write; d++ {
		if r&edge(d) == 0 {
			continue
		}
		if d == Write && fd.state&lane(Write, laneBlocked|laneHeld) != 0 {
			tell |= pollux.Writable
		}
		fd.state = fd.state&^lane(d, laneBlocked|laneHeld) | lane(d, laneReady)
		o := fd.first(d)
		switch {
		case fd.state&lane(d, laneBusy) != 0 || o == nil && (fd.state&fdWatched == 0 || tell&edge(d) == 0):
			// Somebody tries, or nobody is there.
		case fd.vain[d] >= vainMost:
			fd.damp(d)
			tell &^= edge(d) // then too
		case o == nil:
			// The watcher is told.
		case o.own():
			fd.vain[d]++
			fd.hand(o, l) // as drain does, with less ado
		default:
			fd.vain[d]++
			fd.drain(d, l)
		}
		if d == Write && tell&pollux.Writable != 0 && fd.queue[d] != nil {
			tell &^= pollux.Writable // operations are first
			fd.state |= lane(d, laneHeld)
		}
	}
	if fd.state&(fdWatched|fdClosed) == fdWatched && tell != 0 {
		fd.dispatch(l, tell)
		return
	}
	fd.unlockAndClose()
}

// damp has an edge wait, since those before it were in vain. mu is held.
func (fd *FD) damp(d Direction) {
	fd.state = fd.state&^lane(d, laneReady) | lane(d, laneBlocked)
	lt := fd.laneTimer(d)
	lt.retry = min(lt.retry, fd.loop.clock.Now().Add(vainDelay)) // it may be another's, who backed off
	lt.arm(lt.retry)
}

// dispatch tells the watcher. mu is held, and is given up.
func (fd *FD) dispatch(l *Loop, tell pollux.Ready) {
	w := fd.watcher
	fd.spent = [2]uint16{}
	fd.state = fd.state&^fdTook | fdDispatching
	listed := fd.state&fdAgain != 0
	fd.mu.Unlock()

	failed := l.guard(fd, w, tell)

	fd.mu.Lock()
	if fd.loop != l { // it was handed on, and is told anew there: what is remembered now is that loop's
		fd.unlockAndClose()
		if failed != nil {
			fd.leave(0, failed)
		}
		return
	}
	fd.state &^= fdDispatching
	for d, spent := range fd.spent {
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
	over := false
	defer func() {
		if v := recover(); v != nil {
			failed = l.contain(v, "panic in a callback: its descriptor is closed", "fd", fd.String())
		} else if !over { // runtime.Goexit: nothing after this defer runs
			fd.mu.Lock()
			fd.state &^= fdDispatching
			fd.mu.Unlock()
			fd.leave(0, errGoexit)
		}
	}()
	l.enterUser()
	w.Ready(tell)
	over = true
	return nil
}

// forget makes both lanes be tried again, whatever was learned: an event was lost.
func (fd *FD) forget() {
	fd.mu.Lock()
	fd.state = fd.state&^(lane(Read, laneBlocked)|lane(Write, laneBlocked)) | lane(Write, laneHeld) | fdNoHint
	fd.mu.Unlock()
}

// again has the loop come back to fd though no edge will tell it to. on is the loop whose goroutine this is, or nil. mu is
// held.
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

// resume is the loop's coming back: an edge for each lane that is not known to be blocked. Loop only.
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

// open says which lanes are not known to be blocked. In one that is, it makes the attempts of those that are Blind. mu is held. Loop only.
func (fd *FD) open(l *Loop) (r pollux.Ready) {
	for d := Read; d <= Write; d++ {
		switch {
		case fd.state&lane(d, laneBlocked) == 0:
			r |= edge(d)
		case fd.state&lane(d, laneBusy) == 0 && fd.queued(d, true):
			fd.drain(d, l)
		}
	}
	return r
}

// queued says whether anybody queues who is Blind, or who is not. mu is held.
func (fd *FD) queued(d Direction, blind bool) bool {
	for o := fd.first(d); o != nil; o = fd.after(o) {
		if o.Blind == blind {
			return true
		}
	}
	return false
}

// drain serves a lane in order, until one is not ready, none is left, somebody has got the lane, or the budget is spent; then it
// returns false. mu is held, and given up during each attempt. Loop only.
func (fd *FD) drain(d Direction, l *Loop) (all bool) {
	spent, stuck := 0, fd.state&lane(d, laneBlocked) != 0
	for o := fd.first(d); o != nil && fd.state&lane(d, laneBusy) == 0; {
		if stuck && !o.Blind { // only the blind pass one that is not ready
			o = fd.after(o)
			continue
		}
		if o.own() {
			fd.hand(o, l)
			return true
		}
		if spent >= budget {
			fd.again(l)
			return false
		}
		fd.state = fd.state&^lane(d, laneReady) | lane(d, laneBusy)
		o.state = opTrying
		sysfd := int(fd.sysfd)
		fd.mu.Unlock()

		out, err := o.try(sysfd)

		fd.mu.Lock()
		o.state = opQueued
		if fd.lend(out, &err, o.canceled) {
			fd.remove(o)
			o.settle(nil, l)
			return true
		}
		fd.conclude(d, o.Blind, out, err)
		if err == ErrAgain {
			switch {
			case fd.state&fdClosed != 0:
				err = net.ErrClosed
			case o.canceled != nil:
				err = o.canceled
			case out.More:
				spent += max(out.N, opCost)
				continue
			case fd.state&lane(d, laneReady) != 0:
				continue
			default:
				stuck = stuck || !o.Blind
				o = fd.after(o)
				continue
			}
		}
		next := fd.after(o)
		fd.remove(o)
		o.settle(err, l)
		stuck = stuck || fd.state&lane(d, laneBlocked) != 0
		spent += max(out.N, opCost)
		o = next
	}
	if fd.queue[d] == nil {
		fd.tellRest(d, l)
	}
	return true
}
