package timeouts

import "fmt"

// Check returns the first fact in w that contradicts the package comment's description of a wheel.
func Check(w *Wheel) error {
	if w.hand != floor(w.hand) || w.hand > w.now || !w.draining && w.hand != floor(w.now) {
		return fmt.Errorf("hand at %d, time %d", w.hand, w.now)
	}
	count := 0
	for list, head := range w.lists {
		marked := w.occupied[list/slots]>>(list%slots)&1 != 0
		if marked != (head != nil) {
			return fmt.Errorf("list %d: marked as occupied is %t, head %p", list, marked, head)
		}
		for t := head; t != nil; {
			if err := w.checkTimer(t, list); err != nil {
				return fmt.Errorf("list %d: %w", list, err)
			}
			if count++; count > w.len {
				return fmt.Errorf("list %d: more timers than the %d counted", list, w.len)
			}
			if t = t.next; t == head {
				break
			}
		}
	}
	if count != w.len {
		return fmt.Errorf("%d timers in the lists, %d counted", count, w.len)
	}
	return nil
}

// checkTimer checks a timer found in a list.
func (w *Wheel) checkTimer(t *Timer, list int) error {
	if int(t.list) != list {
		return fmt.Errorf("a timer of list %d", t.list)
	}
	if t.next.prev != t || t.prev.next != t {
		return fmt.Errorf("the ring is broken at a timer for %d", t.deadline)
	}
	if list >= firstOverdue {
		if t.room != 0 || t.deadline > w.now {
			return fmt.Errorf("a timer for %d with room %d, at %d", t.deadline, t.room, w.now)
		}
		return nil
	}

	level, slot := list/slots, list%slots
	digit := int(uint64(w.hand) >> shift(level) % slots)
	if slot < digit || slot == digit && !(level == 0 && w.draining) {
		return fmt.Errorf("slot %d of level %d is not ahead of the hand's %d", slot, level, digit)
	}
	wake := latest + 1 - Deadline(t.room)
	if above := shift(level + 1); uint64(wake)>>above != uint64(w.hand)>>above {
		return fmt.Errorf("a timer that wakes at %d is too far from the hand at %d", wake, w.hand)
	}
	if wake != wake>>shift(level)<<shift(level) || int(uint64(wake)>>shift(level)%slots) != slot {
		return fmt.Errorf("a timer that wakes at %d", wake)
	}
	if ceil(t.deadline) < wake {
		return fmt.Errorf("a timer for %d that wakes at %d", t.deadline, wake)
	}
	return nil
}
