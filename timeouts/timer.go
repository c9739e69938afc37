package timeouts

// Timer is a deadline in a wheel, a node to embed in the thing that waits. The zero Timer is ready.
//
// It belongs to one wheel while it is started, shares that wheel's guard, and must not be copied or
// go away then.
//
//	   ┌──────────── Stop; Pop, once expired ─────────────┐
//	   ▼                                                  │
//	stopped ── Start, after the wheel's time ────────▶ in a slot ──┐
//	  ▲  │                                               │ ▲  ▲    │ the slot fires before the deadline:
//	  │  │                                         Start │ │  └────┘ it is coarse, or t was pushed back
//	  │  │                                               ▼ │ Start
//	  │  └────── Start, not after the wheel's time ──▶ overdue
//	  │                                                   │
//	  └────────────────── Stop; Pop ──────────────────────┘
type Timer struct {
	// Owner is for the driver of the wheel, to find what the timer is embedded in. The wheel does
	// not look at it.
	Owner any

	// The timers of one list form a ring, so that the list needs one pointer to its head and
	// reaches its tail. Both are nil in a stopped timer.
	next, prev *Timer

	deadline Deadline // as given to Start; may lie far beyond the slot
	wake     Deadline // the start of the slot; a deadline from there on can be stored in place. Never in an overdue list
	list     uint16   // index of the list in Wheel.lists
}

// Deadline returns the deadline last given to [Wheel.Start], or [Never] if the timer is stopped.
func (t *Timer) Deadline() Deadline {
	if !t.Started() {
		return Never
	}
	return t.deadline
}

// Started reports whether the timer is in a wheel: started, and neither stopped nor popped since.
func (t *Timer) Started() bool {
	return t.next != nil
}
