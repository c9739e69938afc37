// Package timeouts keeps deadlines: many of them, cheaply, and without looking at a clock.
//
// A [Deadline] is an instant of a monotonic [Clock]. A [Wheel] holds any number of [Timer]s, each
// embedded in the thing that waits, and told the time it hands back those that expired:
//
//	w.Start(&c.timer, clock.Now().Add(5*time.Second)) // start, or push back: usually one store
//	...
//	wait(w.Next().Until(clock.Now())) // how long until the wheel has something to do
//	now := clock.Now()
//	for t := w.Pop(now); t != nil; t = w.Pop(now) {
//		t.Owner.(*conn).expired(now)
//	}
//
// The package has no goroutine, does no I/O and allocates nothing per timer. Nothing in it but
// [System] and [Fake] may be used from two goroutines at once: a wheel and its timers are guarded
// by their user (in a loop, by being the loop's own).
//
// What surprises: [Now] is not the present but "do not wait", and [Never] is not started by a wheel
// but stops a timer.
//
// # The wheel
//
// Time is counted in ticks of 65.5 µs and the count is written in base 64. One digit is one level,
// a level has one slot for each value of its digit, and the hand is the count that the wheel has
// reached. A timer lives at the highest level where its tick differs from the hand, in the slot of
// its own digit there:
//
//	           level 3   level 2   level 1   level 0
//	hand          0         5        17        40
//	timer a       0         5        17        43     level 0, slot 43: expires when the hand gets there
//	timer b       0         5        20         3     level 1, slot 20
//	timer c       0         6        17        40     level 2, slot 6
//	                                 │
//	      the hand reaches 0 5 20 0 ─┘  slot 20 fires: b now differs at level 0 only, and moves to slot 3 there
//
//	level   a slot lasts   the level spans
//	  0        65.5 µs         4.19 ms
//	  1        4.19 ms          268 ms
//	  2         268 ms         17.2 s
//	  3        17.2 s          18.3 min
//	  4        18.3 min        19.5 h
//	  5        19.5 h          52.1 days
//	  6        52.1 days       9.13 years
//	  7        9.13 years       584 years, of which a Deadline can say the first 292
//
// Three things follow, and all the code rests on them. A timer's digit is greater than the hand's
// at its level, so no slot is ever reused for a later turn. All timers of a level come before all
// timers of the levels above, so the lowest bit of the first bitmap that is not zero is the slot
// that fires next, however far away. And a timer that stays ahead of the hand stays in its right
// slot while the hand moves, so the hand may jump from slot to slot.
//
// Deadlines are rounded up to a tick: a timer is never early, and late by less than one tick. It
// moves at most once for each level on its way down, and once more for each time that its slot
// fires with the deadline pushed back.
//
// The scheme is scheme 7 of Varghese and Lauck, "Hashed and Hierarchical Timing Wheels" (1987).
// That a wheel needs no clock and no thread is from https://github.com/wahern/timeout; that a level
// is found from the highest digit that differs, from Tokio's runtime/time/wheel.
package timeouts
