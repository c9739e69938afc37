package timeouts

import (
	"math/bits"
	"time"
)

const (
	tickBits  = 16
	levelBits = 6
	levels    = 8 // 16 + 8 × 6 bits = 64: every bit of a Deadline is in the tick or in a digit
	slots     = 1 << levelBits
)

// Tick is the resolution of a wheel: a timer is late by less than one tick, 65.536 µs.
//
// It is a power of two, so that rounding is a mask. A finer tick would bring nothing, since a
// system wakes a sleeper late (on Linux by its timer slack, 50 µs), and it would soon need a ninth
// level. A coarser tick would show in a timeout of a millisecond, the shortest of epoll_wait(2).
const Tick time.Duration = 1 << tickBits

// latest is the last deadline that a wheel can hold. A later one, rounded up to a tick, would
// overflow int64.
const latest = Never &^ (Deadline(Tick) - 1)

// A Wheel is a set of timers that returns them as time passes. The package comment explains it.
//
// The zero Wheel is ready and at time 0. It must not be copied once it holds a timer. It has no
// lock: its user guards the wheel and its timers with one lock or one goroutine. All times passed
// to it must be of one clock.
type Wheel struct {
	now  Deadline // the greatest time passed to Pop, or the time passed to Init
	hand Deadline // all slots up to here have fired: a multiple of Tick, at most now
	len  int

	// draining is true from the first Pop until the Pop that returns nil. Meanwhile, a timer that
	// starts overdue joins the other one of the two overdue lists. The lists change places at the
	// end.
	draining bool
	overdue  uint16 // 0 or 1: the overdue list that the present drain, or the next one, empties

	// occupied has a bit for each list that is not empty: one word for each level, and a ninth for
	// the overdue lists.
	occupied [levels + 1]uint64
	lists    [levels*slots + 2]*Timer // heads: the slots of level 0, of level 1, ... and the two overdue lists
}

// firstOverdue is the index in Wheel.lists of the first overdue list.
const firstOverdue = levels * slots

// NewWheel returns an empty wheel whose time is now.
func NewWheel(now Deadline) *Wheel {
	w := new(Wheel)
	w.Init(now)
	return w
}

// Init makes w an empty wheel whose time is now. It is for a Wheel that is a field. w must hold no
// timer: Init would forget it without stopping it.
func (w *Wheel) Init(now Deadline) {
	now = min(max(now, Now), Never-1)
	*w = Wheel{now: now, hand: floor(now)}
}

// Len returns the number of started timers.
func (w *Wheel) Len() int {
	return w.len
}

// Start starts t to expire at d. If t is started already, Start changes its deadline to d. It costs
// O(1).
//
// If d is not after the wheel's time, t is overdue and comes first in the next drain (see
// [Wheel.Pop]). [Never] stops t. So does a d less than a [Tick] before Never, since it rounds up to
// Never.
//
// A later deadline for a started timer, the usual change, is one store: the timer stays in its slot
// and moves when the slot fires. This costs one wake-up at the old deadline that expires nothing.
// Only a deadline before the slot moves the timer at once.
func (w *Wheel) Start(t *Timer, d Deadline) {
	if uint64(latest-d) < t.room && d > w.now {
		t.deadline = d
		return
	}
	w.restart(t, d)
}

// restart is Start for a timer that is not started, or has to move at once. It is apart so that the
// compiler inlines Start.
func (w *Wheel) restart(t *Timer, d Deadline) {
	w.Stop(t)
	if d > latest {
		return
	}
	t.deadline = d
	w.len++
	if d > w.now {
		w.place(t)
		return
	}
	list := w.overdue
	if w.draining {
		list ^= 1
	}
	w.link(t, firstOverdue+list, latest+1)
}

// Stop takes t out of the wheel. It costs O(1). Stopping a stopped timer does nothing.
func (w *Wheel) Stop(t *Timer) {
	if t.next != nil {
		w.unlink(t)
		w.len--
	}
}

// Next returns the time of the next useful call of [Wheel.Pop]. No timer expires before it. Next
// returns the wheel's own time if a timer is overdue, and [Never] if no timer is started.
//
// It is a lower bound: a drain at that time may only move timers, and return none. A timer whose
// deadline does not change is moved at most 7 times, however far away it is.
func (w *Wheel) Next() Deadline {
	if w.occupied[levels] != 0 {
		return w.now
	}
	if _, start, ok := w.first(); ok {
		return max(start, w.now) // during a drain, start is before the wheel's time
	}
	return Never
}

// Pop stops and returns a timer that has expired at now, or returns nil if none has. Call it until
// it returns nil.
//
// The calls until nil are one drain. A drain first returns the timers that were overdue when they
// were started, in that order. Then it goes tick after tick, in no set order within a tick. A timer
// that is started overdue during a drain waits for the next drain. So a drain at one now returns
// each timer at most once, and ends, even if each timer is started again in the past. If the caller
// stops before nil, its next call continues the drain.
//
// The average cost is O(1), but one call may move all timers of a coarse slot. now may be years
// after the last call: empty slots cost nothing. If now is before the wheel's time, the greatest
// now so far, Pop changes nothing and returns nil.
func (w *Wheel) Pop(now Deadline) *Timer {
	now = min(now, Never-1)
	if now < w.now {
		return nil
	}
	w.now = now
	w.draining = true

	if t := w.lists[firstOverdue+w.overdue]; t != nil {
		w.Stop(t)
		return t
	}
	for {
		list, start, ok := w.first()
		if !ok || start > now {
			break
		}
		w.hand = start
		for t := w.lists[list]; t != nil; t = w.lists[list] {
			// Only at level 0 do all timers of a slot expire together. A coarser slot is always
			// emptied as a whole.
			if list < slots && t.deadline <= start {
				w.Stop(t)
				return t
			}
			w.unlink(t)
			w.place(t)
		}
	}

	w.hand = floor(now)
	w.draining = false
	w.overdue ^= 1 // swap the emptied list with the one that filled meanwhile
	return nil
}

// first returns the slot that fires next, and its time.
func (w *Wheel) first() (list uint16, start Deadline, ok bool) {
	for level := range levels {
		if word := w.occupied[level]; word != 0 {
			slot := bits.TrailingZeros64(word)
			above := ^uint64(0) << shift(level+1) // the digits that the slot shares with the hand
			start = w.hand&Deadline(above) | Deadline(slot)<<shift(level)
			return uint16(level*slots + slot), start, true
		}
	}
	return 0, 0, false
}

// place puts t, which is in no list, into the slot of its deadline. The deadline must be after the
// hand. While a coarse slot is emptied it may also equal the hand: t then goes to the slot of level
// 0 that is about to fire.
func (w *Wheel) place(t *Timer) {
	at := ceil(t.deadline)
	level := (bits.Len64(uint64(at^w.hand)|1<<tickBits) - 1 - tickBits) / levelBits
	slot := at >> shift(level) & (slots - 1)
	w.link(t, uint16(level*slots)+uint16(slot), at>>shift(level)<<shift(level))
}

// shift returns the number of bits by which an instant is shifted to get the digit of a level. For
// the level above the last one it is 64, and in Go such a shift gives 0.
func shift(level int) uint {
	return uint(tickBits + level*levelBits)
}

// floor and ceil round to a tick. Deadlines are rounded up, so that no timer is early. The present
// time is rounded down.
func floor(d Deadline) Deadline { return d &^ (Deadline(Tick) - 1) }
func ceil(d Deadline) Deadline  { return floor(d + Deadline(Tick) - 1) }

// link appends t, which is in no list, to a list. Deadlines from wake on may be stored in place.
func (w *Wheel) link(t *Timer, list uint16, wake Deadline) {
	t.list, t.room = list, uint64(latest+1-wake)
	head := w.lists[list]
	if head == nil {
		t.next, t.prev = t, t
		w.lists[list] = t
		w.occupied[list/slots] |= 1 << (list % slots)
		return
	}
	t.next, t.prev = head, head.prev
	head.prev.next, head.prev = t, t
}

// unlink takes t out of its list. It does not change the number of started timers, since the caller
// may put t into another list.
func (w *Wheel) unlink(t *Timer) {
	if t.next == t {
		w.lists[t.list] = nil
		w.occupied[t.list/slots] &^= 1 << (t.list % slots)
	} else {
		t.next.prev, t.prev.next = t.prev, t.next
		if w.lists[t.list] == t {
			w.lists[t.list] = t.next
		}
	}
	t.next, t.prev, t.room = nil, nil, 0
}
