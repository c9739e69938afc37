// Package loop is the event loop: it drives descriptors with one goroutine a loop, and lets anyone wait for them.
//
// A [Reactor] owns [Loop]s, one per processor unless told otherwise. A Loop is one goroutine, one poller, one timing wheel
// and one run queue. An [FD] is a descriptor on a loop, with a lane for reading and one for writing. An operation is an
// [Attempt], made at once if its lane is free, and again each time the descriptor may have become ready, until it is done: by a
// goroutine or a task that waits and is given the lane for it, or else by the loop. Who waits for it is the caller's choice, for the
// same operation:
//
//   - a goroutine, with or without a context: [FD.Do] parks it;
//   - a [Task], a coroutine on the loop: FD.Do suspends it and the loop goes on with others;
//   - nobody: [Start], whose result is a [Future];
//   - a callback: a standing [Watcher] is told each time the descriptor may be ready.
//
// # One turn
//
// The order is a promise:
//
//	┌▶ wait ──▶ attempts for the events ──▶ expire deadlines ──▶ run what was queued ─┐
//	│  (zero if something is queued,         (what could        (when this step      │
//	│   else until the next deadline)         complete did)      began, not later)   │
//	└────────────────────────────────────────────────────────────────────────────────┘
//
// Watchers are told in the second step, each after its own event, and so are tasks resumed whose waits an event or a deadline has ended;
// other tasks are resumed, and posted functions run, in the fourth. No user code runs under a
// lock. A panic in user code is logged with its stack, ends its own task or closes its own descriptor, and nothing else.
//
// # Fairness
//
// A descriptor may spend 32 operations or 256 KiB in a turn; then it goes to the end of a list of those that are still ready,
// and others come first. A task that never has to wait is made to yield by the same measure.
//
// # Who may call what
//
// Methods may be called from any goroutine unless they say "loop only".
//
// Nobody may wait as a goroutine on a loop's own goroutine, in a callback or in a task without naming it. A wait for something of that
// same loop could never end, and one for a descriptor that is on no loop yet would stop the loop meanwhile: both are refused with
// [ErrOnLoop]. A wait for what is on another loop is not noticed, and stops the loop as any call does that blocks.
package loop
