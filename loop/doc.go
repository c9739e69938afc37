// Package loop is the event loop: one goroutine drives many descriptors, and anything may wait for
// them.
//
// A [Reactor] owns [Loop]s, one per processor unless Config says otherwise. A Loop is one
// goroutine, one poller, one timing wheel and one run queue. An [FD] is a descriptor on a loop. The
// same operation can wait in four ways:
//
//   - in a goroutine, with or without a context: the goroutine parks;
//   - in a [Task], a coroutine on the loop: the task is suspended and the loop goes on with others;
//   - as a [Future]: the loop makes the attempts, and the result comes later ([Start]);
//   - as a callback: a standing [Watcher] is called each time that the descriptor may be ready.
//
// # Glossary
//
//   - Lane: one of the two directions of a descriptor. Reads, receives and accepts queue in the
//     read lane; writes, sends and connects in the write lane. Operations of a lane are served in
//     order.
//   - Attempt: one non-blocking system call of an operation. It is done, or returns ErrAgain.
//   - Ready: an edge came from the poller, and no attempt has begun since.
//   - Blocked: an attempt returned ErrAgain or emptied the socket, and no edge came since. A call
//     that may wait makes no attempt then.
//   - Joined: registered with the poller of a loop. A descriptor joins its loop the first time that
//     it has to wait.
//   - Turn: one round of the loop, see below.
//   - View: a value that names the same descriptor with another [Waiter] (package sock: Socket.With
//     and Socket.In).
//   - Settled: an operation or a future has its result, for good.
//
// # One operation
//
// [FD.Begin] takes the lane and [FD.End] gives it back; the caller makes the system call in
// between. Both wait if the operation may wait:
//
//	c := loop.Call{Lane: loop.Read, Timeout: -1}
//	err := fd.Begin(&c)
//	for again := true; again && err == nil; {
//		n, failed := read(c.Sysfd, p)
//		again, err = fd.End(&c, loop.Outcome{N: n}, failed)
//	}
//
// [FD.Do] is this loop, for an [Attempt]. Between the attempts of one operation no other operation
// of its lane is served.
//
// # One turn
//
// The order is a promise:
//
//	┌▶ wait ──▶ serve the events ──▶ expire deadlines ──▶ run what was queued ─┐
//	│  (zero if something is queued,  (what could         (when this step      │
//	│   else until the next deadline)  complete did)       began, not later)   │
//	└──────────────────────────────────────────────────────────────────────────┘
//
// Watchers are called in the second step, each after its own event. Tasks whose wait an event or a
// deadline has ended are resumed right after it. Other tasks are resumed, and posted functions run,
// in the fourth step. No user code runs under a lock. A panic in user code is logged with its
// stack, ends its own task or closes its own descriptor, and nothing else.
//
// # Fairness
//
// A descriptor may spend 32 operations or 256 KiB in a turn; then it goes to the end of a list of
// those that are still ready, and others come first. A task or a goroutine whose operations never
// have to wait yields by the same measure.
//
// Other goroutines of the program are not held up: a loop that waits gives its processor up at
// once, and in a long turn it lets others run every 250 us. See Strategy in package pollux.
//
// # Callers of each function
//
// Methods may be called from any goroutine unless they say "loop only".
//
// A goroutine must not wait on a loop's own goroutine: in a callback, or in a task that is not
// named by ByTask. The loop would stop, and the wait could never end. Such a call returns
// [ErrOnLoop] before it parks; in the debug mode ([Config].Debug) also when it would complete at
// once.
//
// # For package sock
//
// FD, [Op], [Call], [Attempt], [Outcome] and [Waiter] are for packages that make system calls:
// package sock and its like. A program that uses sockets needs [Reactor], [Loop], [Task], [Future],
// [Promise], [Timer] and [Config].
package loop
