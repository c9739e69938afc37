package protocol

import (
	"math/bits"
	"time"

	"github.com/polluxio/pollux/timeouts"
)

// A wheel holds all connections of a home, each in the slot of the instant at which it has to be
// looked at. A connection is in one slot by its number there, which is 4 bytes of its own and a
// pointer: timeouts.Timer would be 56. A connection that is active does not move: when its slot
// fires, what it has to be looked at for is computed anew. So never early, and one look for each
// timeout or so.
//
// A slot of level n is 64ⁿ ticks wide. It fires when it begins, and its connections go to finer
// slots.
type wheel struct {
	hand     tick // slots that begin by then have fired, or are firing
	occupied [levels]uint64
	slots    [idleSlot + 1]crowd
	len      int
}

// A tick is an instant in units of 2²⁰ ns, about a millisecond. It overflows after 52 days: ticks
// are compared by their difference.
type tick uint32

const (
	tickBits  = 20
	levelBits = 6
	perLevel  = 1 << levelBits
	levels    = 5
	idleSlot  = levels * perLevel // of connections without a deadline

	placeBits = 23 // of a place: the number in the slot; the rest is the slot
	mostInOne = 1<<placeBits - 1

	// longest is the longest time that the wheel takes: about 13 days.
	longest = time.Duration(1)<<(tickBits+levels*levelBits) - 1<<tickBits
)

// tickOf returns the tick of an instant, rounded down. ticksOf rounds up, for deadlines.
func tickOf(at timeouts.Deadline) tick { return tick(uint64(at) >> tickBits) }

// ticksOf returns the smallest number of ticks that lasts at least d.
func ticksOf(d time.Duration) tick { return tick((min(d, longest)+1<<tickBits-1)>>tickBits) + 1 }

// before reports whether a is earlier than b.
func (a tick) before(b tick) bool { return int32(a-b) < 0 }

// add puts t into the slot of the instant at, which is after the hand, or the one of those without
// a deadline.
func (w *wheel) add(t *Transport, at tick, some bool) {
	slot := idleSlot
	if some {
		slot = w.slotOf(at)
	}
	w.put(t, slot)
	w.len++
}

// slotOf returns the slot for an instant, which fires no later than that. It is never the slot that
// is firing.
func (w *wheel) slotOf(at tick) int {
	ahead := at - w.hand
	if int32(ahead) < 1 {
		ahead = 1
		at = w.hand + 1
	}
	level := min((bits.Len32(uint32(ahead))-1)/levelBits, levels-1)
	shift := level * levelBits
	steps := (at>>shift - w.hand>>shift) & (1<<(32-shift) - 1)
	steps = min(steps, perLevel-1) // a whole turn would come to the slot of the hand
	return level*perLevel + int((w.hand>>shift+steps)%perLevel)
}

func (w *wheel) put(t *Transport, slot int) {
	c := &w.slots[slot]
	t.place = uint32(slot)<<placeBits | uint32(c.n)
	c.push(t)
	if slot < idleSlot {
		w.occupied[slot/perLevel] |= 1 << (slot % perLevel)
	}
}

// take removes t.
func (w *wheel) take(t *Transport) {
	slot, i := int(t.place>>placeBits), int(t.place&mostInOne)
	c := &w.slots[slot]
	last := c.pop()
	if last != t {
		*c.at(i), last.place = last, t.place
	}
	if c.n == 0 && slot < idleSlot {
		w.occupied[slot/perLevel] &^= 1 << (slot % perLevel)
	}
}

func (w *wheel) remove(t *Transport) {
	w.take(t)
	w.len--
}

// move moves t, which is in the wheel, to the slot of its instant.
func (w *wheel) move(t *Transport, at tick, some bool) {
	w.take(t)
	w.len--
	w.add(t, at, some)
}

// next returns the time at which the next slot fires, if there is one.
func (w *wheel) next() (at tick, ok bool) {
	for level, word := range w.occupied {
		if word == 0 {
			continue
		}
		shift := level * levelBits
		digit := int(w.hand>>shift) % perLevel
		steps := bits.TrailingZeros64(bits.RotateLeft64(word, -(digit+1))) + 1
		if start := (w.hand>>shift + tick(steps)) << shift; !ok || start.before(at) {
			at, ok = start, true
		}
	}
	if _, firing := w.firing(); firing {
		return w.hand, true
	}
	return at, ok
}

// firing is a slot that begins with the hand and is not empty.
func (w *wheel) firing() (slot int, ok bool) {
	for level := range levels {
		shift := level * levelBits
		if w.hand&(1<<shift-1) != 0 {
			break
		}
		slot = level*perLevel + int(w.hand>>shift)%perLevel
		if w.slots[slot].n > 0 {
			return slot, true
		}
	}
	return 0, false
}

// due returns a connection that is due at now and still in its slot, or nil. The caller moves or
// removes it.
func (w *wheel) due(now tick) *Transport {
	for {
		if slot, ok := w.firing(); ok {
			return *w.slots[slot].at(w.slots[slot].n - 1)
		}
		next, ok := w.next()
		if !ok || now.before(next) {
			break
		}
		w.hand = next
	}
	if w.hand.before(now) {
		w.hand = now
	}
	return nil
}

// all calls fn for each connection, until it returns false. fn must not add or remove any.
func (w *wheel) all(fn func(*Transport) bool) {
	for i := range w.slots {
		c := &w.slots[i]
		for j := range c.n {
			if !fn(*c.at(j)) {
				return
			}
		}
	}
}

// A crowd is the connections of a slot. It grows by blocks, because a slice of a growing number of
// idle connections would leave garbage of four times its size, and copy it.
type crowd struct {
	blocks []*[crowdBlock]*Transport
	n      int
}

// crowdBlock is the number of connections in a block. An empty slot keeps one block.
const crowdBlock = 16

// at returns the place of connection i, which is below n.
func (c *crowd) at(i int) **Transport { return &c.blocks[i/crowdBlock][i%crowdBlock] }

func (c *crowd) push(t *Transport) {
	if c.n == len(c.blocks)*crowdBlock {
		c.blocks = append(c.blocks, new([crowdBlock]*Transport))
	}
	c.n++
	*c.at(c.n - 1) = t
}

// pop removes the last connection. It keeps one block more than necessary.
func (c *crowd) pop() *Transport {
	at := c.at(c.n - 1)
	t := *at
	*at = nil
	c.n--
	if spare := len(c.blocks) - 1; c.n <= (spare-1)*crowdBlock {
		c.blocks[spare] = nil
		c.blocks = c.blocks[:spare]
	}
	if c.n == 0 && cap(c.blocks) > crowdBlock {
		c.blocks = nil // many connections have moved on, and must not leave their array behind
	}
	return t
}
