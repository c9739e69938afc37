// Package loop is the event loop. One goroutine drives many descriptors, and goroutines, tasks,
// futures and callbacks can wait for them.
//
// A [Reactor] owns [Loop]s, one per processor unless Config says otherwise. A Loop is one
// goroutine, one poller, one timing wheel and one run queue. An [FD] is a descriptor on a loop. The
// same operation can wait in four ways:
//
//   - in a goroutine, with or without a context: the goroutine parks;
//   - in a [Task], a coroutine on the loop: the task is suspended, and the loop runs others;
//   - as a [Future]: the loop makes the attempts, and the result comes later ([Start]);
//   - as a callback: the loop calls a standing [Watcher] each time that the descriptor may be
//     ready.
//
// # Glossary
//
//   - Lane: one of the two directions of a descriptor. Reads, receives and accepts queue in the
//     read lane; writes, sends and connects queue in the write lane. A lane serves its operations
//     in order.
//   - Attempt: one non-blocking system call of an operation. It completes the operation, or returns
//     ErrAgain.
//   - Edge: a report of the poller that a descriptor became ready in a direction. The poller does
//     not repeat it while the descriptor stays ready.
//   - Ready: the poller has reported an edge, and no attempt has begun since.
//   - Blocked: an attempt returned ErrAgain or emptied the socket, and no edge has come since. A
//     call that may wait makes no attempt in this state.
//   - Joined: registered with the poller of a loop. A descriptor joins its loop the first time that
//     it has to wait.
//   - Turn: one round of the loop. "One turn" below lists its steps.
//   - View: a value that names the same descriptor with another [Waiter] (package sock: Socket.With
//     and Socket.In).
//   - Settled: an operation or a future has its result. The result never changes.
//
// # One operation
//
// [FD.Begin] takes the lane, and waits for it if the operation may wait. [FD.End] gives it back.
// The caller makes the system call in between. After ErrAgain it goes on with Begin, which waits
// for an edge:
//
//	c := loop.Call{Lane: loop.Read, Timeout: timeouts.Forever}
//	for {
//		if err = fd.Begin(&c); err != nil {
//			break
//		}
//		n, err = read(c.Sysfd, p)
//		if fd.End(&c, &loop.Outcome{N: n}, err); err != loop.ErrAgain {
//			break
//		}
//	}
//
// [FD.Do] is this loop, for an [Attempt]. The lane serves no other operation between the attempts
// of one operation.
//
// # One turn
//
// The loop keeps this order:
//
//	┌▶ wait ──▶ serve the events ──▶ expire deadlines ──▶ run what was queued ─┐
//	│  (zero if something is queued,  (what could         (when this step      │
//	│   else until the next deadline)  complete did)       began, not later)   │
//	└──────────────────────────────────────────────────────────────────────────┘
//
// The loop calls a watcher in the second step, after the event of its own descriptor. It resumes a
// task right after the event or the deadline that ended the task's wait. It resumes other tasks and
// runs posted functions in the fourth step. User code never runs under a lock. A panic in user code
// is logged with its stack. It ends its own task or closes its own descriptor, and nothing else.
//
// # Fairness
//
// A descriptor may spend 32 operations or 256 KiB in a turn. Then the loop serves other descriptors
// first, and comes back to this one in the next turn. A task or a goroutine whose operations never
// have to wait yields by the same measure.
//
// The loop does not keep other goroutines of the program from running. A loop that waits gives up
// its processor at once, and in a long turn it lets others run every 50 us. See Strategy in
// package pollux.
//
// # Callers of each function
//
// Methods may be called from any goroutine unless they say "loop only".
//
// A blocking call must not run on a loop's own goroutine: not in a callback, and in a task only if
// the call names the task (ByTask). It would stop the loop, and it could wait for ever. Such a call
// returns [ErrOnLoop] before it parks. In the debug mode ([Config].Debug) it returns ErrOnLoop also
// if it would complete at once.
//
// # For package sock
//
// FD, [Op], [Call], [Attempt], [Outcome] and [Waiter] are for packages that make system calls, such
// as package sock. A program that uses sockets needs [Reactor], [Loop], [Task], [Future],
// [Promise], [Timer] and [Config].
package loop
