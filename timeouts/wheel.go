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

// Tick is how exact a wheel is: a timer is late by less than one tick, 65.536 µs.
//
// It is a power of two, so that rounding is a mask. A finer one would be lost in how late a system
// wakes a sleeper (on Linux by its timer slack, 50 µs) and soon need a ninth level; a coarser one
// would be felt in a timeout of a millisecond, the shortest that epoll_wait(2) knows.
const Tick time.Duration = 1 << tickBits

// latest is the last deadline that a wheel can hold. Rounded up to a tick, any later one is beyond
// int64.
const latest = Never &^ (Deadline(Tick) - 1)

// Wheel is a set of timers that yields them as time passes. The package comment says how it works.
//
// The zero Wheel is ready and at time 0. It must not be copied once it holds a timer. It is not
// locked: its user guards it, and the timers in it, with one lock or one goroutine. All times given
// to it are of one clock.
type Wheel struct {
	now  Deadline // the greatest given to Pop, at first to Init
	hand Deadline // how far slots have fired: a multiple of Tick, at most now
	len  int

	// draining is set from the first Pop to the one that returns nil. Meanwhile what starts overdue
	// joins the other of the two overdue lists, and they change places at the end.
	draining bool
	overdue  uint16 // 0 or 1: the overdue list that the present drain, or the next, empties

	// occupied has a bit for each list that is not empty: a word a level, and a ninth for the
	// overdue lists.
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

// Init makes w an empty wheel whose time is now, for a wheel that is a field. It forgets timers
// without stopping them: w must hold none.
func (w *Wheel) Init(now Deadline) {
	now = min(max(now, Now), Never-1)
	*w = Wheel{now: now, hand: floor(now)}
}

// Len returns the number of started timers.
func (w *Wheel) Len() int {
	return w.len
}

// Start starts t to expire at d, or changes the deadline of a started t to d. It costs O(1).
//
// Pushing a deadline back, the usual change, is one store: the node stays where it is and moves
// when its slot fires. The price is one wake-up that expires nothing, by the old deadline. Only a
// deadline before the node's slot moves it.
//
// If d is not after the wheel's time, t is overdue and comes first in the next drain (see
// [Wheel.Pop]). [Never] stops t, and so does a d less than a [Tick] before it, which no tick can
// tell from Never.
func (w *Wheel) Start(t *Timer, d Deadline) {
	if t.next != nil && d >= t.wake && d > w.now && d <= latest {
		t.deadline = d
		return
	}

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
	w.link(t, firstOverdue+list, Never)
}

// Stop takes t out of the wheel. It costs O(1); stopping a stopped timer does nothing.
func (w *Wheel) Stop(t *Timer) {
	if t.next != nil {
		w.unlink(t)
		w.len--
	}
}

// Next returns when to call [Wheel.Pop] next: no timer expires before, and a drain then makes
// progress. It returns the wheel's own time if there is something to do at once, and [Never] if no
// timer is started.
//
// It is a lower bound: a drain at that time may move timers, of a coarse slot or pushed back, and
// yield none. On its way to a deadline that stays, however far, a timer is moved at most 7 times.
func (w *Wheel) Next() Deadline {
	if w.occupied[levels] != 0 {
		return w.now
	}
	if _, start, ok := w.first(); ok {
		return max(start, w.now) // start is behind while a drain is under way
	}
	return Never
}

// Pop stops and returns a timer that has expired at now, or returns nil without one. Call it
// until nil.
//
// The calls up to nil are a drain. It yields what was overdue when it was started, in that order,
// and then tick after tick, in no set order within a tick. What is started overdue while a drain is
// under way waits for the next drain. So a drain at one now yields each timer at most once, and
// ends, even if each is started again in the past. A drain left before its nil goes on with the
// next call.
//
// The cost is O(1) on average, but one call may move all timers of a coarse slot. now may leap
// ahead by years: empty slots cost nothing. A now before the wheel's time, the greatest now that it
// was given, changes nothing and returns nil.
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
			// Only at level 0 is the first to be found the first to expire; a coarse slot is sorted
			// out whole.
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
	w.overdue ^= 1 // the one just emptied for the one that filled meanwhile
	return nil
}

// first returns the slot that fires next and when it does.
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

// place puts t, which is in no list, into the slot of its deadline. That must be after the hand,
// or, for a moment while a coarse slot is sorted out, the hand itself: then it is level 0, in the
// slot about to fire.
func (w *Wheel) place(t *Timer) {
	at := ceil(t.deadline)
	level := (bits.Len64(uint64(at^w.hand)|1<<tickBits) - 1 - tickBits) / levelBits
	slot := at >> shift(level) & (slots - 1)
	w.link(t, uint16(level*slots)+uint16(slot), at>>shift(level)<<shift(level))
}

// shift returns by how many bits an instant is shifted to get at the digit of a level. For the
// level above the last one it is 64, which in Go leaves 0.
func shift(level int) uint {
	return uint(tickBits + level*levelBits)
}

// floor and ceil round to a tick. A deadline is rounded up, to be never early, and the time down.
func floor(d Deadline) Deadline { return d &^ (Deadline(Tick) - 1) }
func ceil(d Deadline) Deadline  { return floor(d + Deadline(Tick) - 1) }

// link appends t, which is in no list, to one.
func (w *Wheel) link(t *Timer, list uint16, wake Deadline) {
	t.list, t.wake = list, wake
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

// unlink takes t out of its list. It does not count it out: a timer about to be placed elsewhere is
// still started.
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
	t.next, t.prev = nil, nil
}
