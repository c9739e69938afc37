package loop

import (
	"math"
	"net"
	"os"

	"github.com/polluxio/pollux"
)

// fdState holds eight bits for each lane, and some for the descriptor.
//
//	idle ──take──▶ busy ──done──▶ idle
//	 │ edge         │ │ edge: ready is remembered, and EAGAIN tries once more
//	 ▼              │ └──EAGAIN, drained──▶ blocked ──edge──▶ ready
//	ready ──take────┘
//	any state ── Close ──▶ closed (final; the last one busy closes the descriptor)
//
// Each bit of a lane is set in one function: busy in take, blocked in conclude, ready in edge.
type fdState uint32

const (
	laneBusy      fdState = 1 << iota // an attempt is running, or the lane is lent
	laneBlocked                       // not ready until the next edge; only while on a loop
	laneReady                         // an edge came, and no attempt has begun since; only while on a loop
	laneHeld                          // an attempt of the watcher was refused, so the watcher must be called
	laneLate                          // the lane's deadline has passed; on no loop: compare it with the clock
	laneBackedOff                     // laneTimer.backoff is above 0; reading the timer would cost a cache line
	laneWidth     = 6                 // the write lane has the same bits, shifted
)

const (
	fdClosed      fdState              = 1 << (2*laneWidth + iota) // Close or Detach was called
	fdKeep                                                         // Detach was called: the descriptor stays open
	fdWatched                                                      // the watcher is called at edges
	fdDispatching                                                  // watcher is being called
	fdAgain                                                        // in the loop's list of descriptors to come back to, or joins it after dispatching
	fdServed                                                       // was in that list, but an event came first
	fdLent                                                         // the write lane is busy by Lend, perhaps for long
	fdNoHint                                                       // a hang-up or urgent data was seen: a short read does not mean empty any more
	fdTook                                                         // the watcher that is being called has received something
	fdLingers                                                      // close(2) may block: see SetLingers
	fdCalled                                                       // CallWatcher was called: call the watcher, ready or not
	fdReadsToo                                                     // see ReadAtWriteEdges
	fdSlowClose                                                    // see SetSlowClose
	fdMuted                                                        // the poller reports no edges: see FD.mute
	fdStates      = iota + 2*laneWidth                             // the number of bits
)

func lane(d Direction, bits fdState) fdState { return bits << (laneWidth * d) }

func edge(d Direction) pollux.Ready { return pollux.Readable << d }

// budget is the number of bytes that a descriptor may move in one turn. An operation counts as its
// bytes, or as opCost if that is more.
const (
	budget = 256 << 10
	opCost = budget / 32

	spentUnit = 64 // bytes
)

// cost returns the share of an attempt in the budget, in bytes.
func (o *Outcome) cost() int { return max(o.N, max(o.Ops, 1)*opCost) }

// free reports whether an attempt in the lane may begin at once. It is the fast path of mayTry. The
// caller holds mu.
func (fd *FD) free(d Direction) bool {
	s := fd.state & (fdClosed | fdDispatching | lane(d, laneBusy|laneBlocked|laneLate))
	return fd.queue[d] == nil && (s == 0 || s == fdDispatching && fd.loop.spent[d] < budget/spentUnit)
}

// mayTry returns nil if an attempt in the lane may begin. The caller holds mu.
//
// Errors: net.ErrClosed; os.ErrDeadlineExceeded after the lane's deadline; ErrAgain if the lane is
// taken or blocked, if operations that are not Blind are queued, or if the watcher's budget is
// spent.
func (fd *FD) mayTry(d Direction, blind bool) error {
	s := fd.state
	switch {
	case s&fdClosed != 0:
		return net.ErrClosed
	case fd.past(d):
		return os.ErrDeadlineExceeded
	case s&lane(d, laneBusy) != 0 || !blind && (s&lane(d, laneBlocked) != 0 || fd.ordered(d) != nil):
		if s&fdWatched != 0 {
			fd.state |= lane(d, laneHeld)
		}
		return ErrAgain
	}
	return fd.withinBudget(d)
}

// doubt clears the blocked state of the lane for a call that must not wait, and returns whether the
// call should try. Data may have arrived that the loop has not seen yet. A watched descriptor keeps
// its state: the loop calls the watcher in time, and the extra system calls would cost it. The
// caller holds mu.
func (fd *FD) doubt(d Direction) bool {
	if fd.state&(fdWatched|fdClosed|lane(d, laneBusy)) != 0 || fd.ordered(d) != nil {
		return false
	}
	fd.state &^= lane(d, laneBlocked)
	return true
}

// withinBudget returns ErrAgain if the watcher that is being called has spent its budget of this
// turn. The loop then calls it again. Writes that answer the data read are allowed: the reads limit
// them.
func (fd *FD) withinBudget(d Direction) error {
	if fd.state&fdDispatching == 0 {
		return nil
	}
	if spent := &fd.loop.spent; spent[d] < budget/spentUnit || d == Write && spent[Write] < spent[Read] {
		return nil
	}
	fd.state |= fdAgain | lane(d, laneHeld)
	return ErrAgain
}

// charge adds an attempt of the watcher to the budget of this turn. The caller holds mu.
func (fd *FD) charge(d Direction, out *Outcome) {
	units, most := out.cost()/spentUnit, math.MaxUint16-1
	if d == Read { // rounded up, so that an answer never counts as more than its question
		units, most = units+1, math.MaxUint16
	}
	spent := &fd.loop.spent[d]
	*spent = uint16(min(int(*spent)+units, most))
}

// take begins an attempt. The caller holds mu.
func (fd *FD) take(c *Call) {
	fd.state = fd.state&^lane(c.Lane, laneReady) | lane(c.Lane, laneBusy)
	c.Sysfd, c.HungUp = int(fd.sysfd), fd.state&fdNoHint != 0
}

// arm asks a one-shot poller for the next edge. Other pollers report all edges since Add, unless fd
// is muted. The caller holds mu, and fd is on a loop.
func (fd *FD) arm(d Direction) { fd.armFor(edge(d)) }

func (fd *FD) armFor(want pollux.Ready) {
	if fd.loop.oneShot || fd.state&fdMuted != 0 {
		fd.ask(want)
	}
}

func (fd *FD) ask(want pollux.Ready) {
	l := fd.loop
	switch {
	case fd.state&fdClosed != 0:
	case !l.oneShot:
		fd.unmute()
	default:
		if err := l.poller.Arm(int(fd.sysfd), l.table.token(fd.slot), want); err != nil {
			l.fail(err)
		}
	}
}

// retryFor returns r if it has an effect with the poller of fd, or nil. The caller holds mu.
func (fd *FD) retryFor(r *Retry) *Retry {
	if r != nil && (r.After <= 0 || r.Level && (fd.loop == nil || !fd.loop.oneShot)) {
		return nil
	}
	return r
}

// conclude ends an attempt and updates the lane's state from its result. It removes a Retry that
// has no effect. The caller holds mu.
func (fd *FD) conclude(d Direction, blind bool, out *Outcome, err error) {
	out.Retry = fd.retryFor(out.Retry)
	s := fd.state &^ lane(d, laneBusy)
	if d == Write {
		s &^= fdLent
	}
	fd.state = s
	switch {
	case fd.loop == nil:
		if err == ErrAgain {
			fd.state |= lane(d, laneHeld) // a later watcher must be called
		}
	case blind:
		if err == ErrAgain && out.Retry == nil {
			if d == Read {
				fd.armFor(pollux.Readable | pollux.Urgent) // the operation may look for urgent data
			} else {
				fd.arm(d)
			}
		}
	case s&lane(d, laneReady) != 0: // an edge came since the attempt began
		if err == ErrAgain && s&fdWatched != 0 {
			fd.state |= lane(d, laneHeld)
		}
	case err == ErrAgain && out.More || out.Retry != nil:
		if d == Write && out.Retry != nil && !out.Retry.Edgeless && s&fdWatched != 0 {
			fd.state |= lane(d, laneHeld) // an edge calls the watcher too, not only the retry timer
		}
		if out.Retry != nil && out.Retry.Edges {
			fd.arm(d)
		}
	case err == ErrAgain || out.Drained && s&fdNoHint == 0:
		fd.state |= lane(d, laneBlocked)
		fd.arm(d)
	default:
		fd.state &^= lane(d, laneBlocked)
	}
	if s&fdDispatching != 0 {
		fd.charge(d, out)
		if d == Read && !blind {
			if err == ErrAgain {
				fd.state &^= fdTook
			} else if out.N > 0 || out.Ops > 0 {
				fd.state |= fdTook
			}
		}
	}
	if err == nil || out.N > 0 {
		fd.vain[d] = 0
	}
	if err != ErrAgain {
		if s&lane(d, laneBackedOff) != 0 {
			fd.rested(d)
		}
	} else if out.Retry != nil && fd.loop != nil && s&fdClosed == 0 {
		fd.backOff(d, out.Retry)
	}
}

// release unlocks mu after an attempt without a queued Op, and wakes what came meanwhile.
func (fd *FD) release(d Direction) {
	if fd.state&fdClosed != 0 {
		fd.unlockAndClose()
		return
	}
	if fd.queue[d] != nil || fd.state&lane(d, laneHeld) != 0 {
		fd.rouse(d, nil)
	}
	fd.mu.Unlock()
}

// rouse wakes the operations and the watcher that came while the lane was not free, since no edge
// will wake them. The caller holds mu. on is the loop that runs on this goroutine, or nil.
func (fd *FD) rouse(d Direction, on *Loop) {
	s := fd.state
	if s&lane(d, laneBusy) != 0 || fd.loop == nil {
		return
	}
	blocked := s&lane(d, laneBlocked) != 0 || fd.resting(d)
	if s&fdWatched != 0 && s&lane(d, laneHeld) != 0 && !blocked && fd.ordered(d) == nil {
		fd.again(on)
	}
	for e := fd.first(d); e != nil; e = fd.after(e) {
		switch {
		case e.blind && !e.fresh || !e.blind && blocked:
			continue
		case e.op != nil:
			fd.again(on)
		case e.state == opQueued:
			e.wake(on)
		}
		blocked = blocked || !e.blind // the others wait for this one
	}
}

// renew marks the Blind operations in the queue, so that the end of the running attempt tries them.
// The caller holds mu.
func (fd *FD) renew(d Direction) {
	for e := fd.first(d); e != nil; e = fd.after(e) {
		e.fresh = e.fresh || e.blind && e.state == opQueued
	}
}

// The queue of a lane is a ring. fd.queue[d] is its last operation.

func (fd *FD) first(d Direction) *entry {
	if last := fd.queue[d]; last != nil {
		return last.next
	}
	return nil
}

// after returns the operation behind e, or nil if e is the last.
func (fd *FD) after(e *entry) *entry {
	if e == fd.queue[e.lane] {
		return nil
	}
	return e.next
}

// ordered returns the first operation that is not Blind, or nil.
func (fd *FD) ordered(d Direction) *entry {
	e := fd.first(d)
	for e != nil && e.blind {
		e = fd.after(e)
	}
	return e
}

func (fd *FD) push(e *entry) {
	e.fd, e.state, e.err = fd, opQueued, nil
	if last := fd.queue[e.lane]; last != nil {
		e.prev, e.next = last, last.next
		e.prev.next, e.next.prev = e, e
	} else {
		e.prev, e.next = e, e
	}
	fd.queue[e.lane] = e
}

func (fd *FD) remove(e *entry) {
	if e.next == e {
		fd.queue[e.lane] = nil
	} else {
		e.prev.next, e.next.prev = e.next, e.prev
		if fd.queue[e.lane] == e {
			fd.queue[e.lane] = e.prev
		}
	}
	e.prev, e.next = nil, nil
}
