// Package timeouts keeps many deadlines at a low cost, and reads no clock.
//
// A [Deadline] is an instant of a monotonic [Clock]. A [Wheel] holds any number of [Timer]s. Each
// Timer is a field of the value that waits. The caller passes the time to the wheel, and gets back
// the timers that have expired:
//
//	w.Start(&c.timer, clock.Now().Add(5*time.Second)) // start, or push back: usually one store
//	...
//	wait(w.Next().Until(clock.Now())) // how long until the wheel has something to do
//	now := clock.Now()
//	for t := w.Pop(now); t != nil; t = w.Pop(now) {
//		t.Owner.(*conn).expired(now)
//	}
//
// The package starts no goroutine, does no I/O and allocates nothing for a timer. Only [System] and
// [Fake] may be used from two goroutines at once. The user of a wheel guards the wheel and its
// timers (a loop uses them on its own goroutine).
//
// [Now] means "do not wait": it is not the present time. Starting a timer with [Never] stops it.
//
// # The wheel
//
// The wheel counts time in ticks of 65.5 µs and writes the count in base 64. Each digit is a level,
// and a level has one slot for each value of its digit. The hand is the count that the wheel has
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
// The code relies on three consequences. First, a timer's digit is greater than the hand's at its
// level, so no slot is reused for a later turn. Second, all timers of a level come before all
// timers of the levels above. So the lowest bit of the first bitmap that is not zero is the slot
// that fires next, however far away. Third, a timer that stays ahead of the hand stays in its right
// slot while the hand moves. So the hand may jump from slot to slot.
//
// The wheel rounds deadlines up to a tick. So a timer is never early, and it is late by less than
// one tick. It moves at most once for each level on its way down, and once more each time that its
// slot fires after its deadline was pushed back.
//
// The algorithm is scheme 7 of Varghese and Lauck, "Hashed and Hierarchical Timing Wheels" (1987).
// The wheel without a clock or a thread is from https://github.com/wahern/timeout. The level as the
// highest digit that differs is from Tokio's runtime/time/wheel.
package timeouts
