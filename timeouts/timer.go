package timeouts

// A Timer is a deadline in a wheel. Embed it in the value that waits. The zero Timer is ready.
//
// While it is started it belongs to one wheel and shares that wheel's guard. It must not be copied
// or freed in that time.
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
	// Start, which a program calls most often, uses the first two fields only. They are together,
	// so that pushing back one of very many timers costs one miss of the processor's caches.
	//
	// room is the number of deadlines, from latest down, that Start stores in place: those from the
	// start of the slot on. It is 0 in a stopped timer and in an overdue list, so one comparison
	// decides.
	room     uint64
	deadline Deadline // the deadline given to Start; it may lie far beyond the slot

	// The timers of one list form a ring. So the list needs only a pointer to its head, and reaches
	// its tail too. Both pointers are nil in a stopped timer.
	next, prev *Timer

	// Owner lets the user of the wheel find the value that contains the timer. The wheel does not
	// use it.
	Owner any

	list uint16 // index of the list in Wheel.lists
}

// Deadline returns the deadline last given to [Wheel.Start], or [Never] if the timer is stopped.
func (t *Timer) Deadline() Deadline {
	if !t.Started() {
		return Never
	}
	return t.deadline
}

// Started reports whether the timer is in a wheel: it was started, and not stopped or popped since.
func (t *Timer) Started() bool {
	return t.next != nil
}
