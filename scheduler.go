package pollux

import (
	"runtime"
	"sync/atomic"
	"time"
)

// This file and its twins for one system each have everything in the package that depends on Go's
// scheduler: the ways to wait. The rule is that a goroutine that is ready runs: a poller never
// keeps a processor (a P) that a goroutine, a timer or a connection of Go's own poller needs.
//
// It relies on these facts of Go 1.26 (runtime/proc.go, runtime/netpoll.go):
//
//  1. A thread in a system call keeps its processor until sysmon takes it away (retake). sysmon
//     does so when it finds the thread in the same call twice, and it looks every 20 us to 10 ms. A
//     goroutine that parks gives its processor up at once.
//  2. A scheduler without work (findRunnable) runs the processor's queue first, then the global
//     queue, then asks Go's own poller (netpoll), and only then lets the processor go idle.
//     Otherwise sysmon asks netpoll, if 10 ms have passed without.
//  3. Gosched puts its caller at the end of the global queue. So findRunnable never gets as far as
//     netpoll in a call of Gosched, and beside goroutines that compute it never does at all.
//  4. Every 61st scheduling takes the first of the global queue before all others. This may be the
//     caller of Gosched. So one return without delay does not prove that no other goroutine is
//     ready.
//  5. Gosched wakes a thread if a processor is idle (wakep): a futex call and a search for work.

// A kernel is what a strategy needs of the backend.
type kernel interface {
	// look takes the events that are there, without blocking. It returns false without events.
	look() bool
	// block does the same once there are some, or the timeout has passed. It is a system call that
	// the scheduler knows of.
	block()
}

// A strategy is a way to wait. Its methods are for the goroutine that waits.
type strategy interface {
	// wait looks for events. With mayWait it returns when there are some, else at once. Now and
	// then it returns without any.
	wait(k kernel, mayWait bool) error
	// pass lets others run if the caller has had its processor for long. It is called between two
	// waits.
	pass(k kernel) error
	// crowded is for how long other goroutines computed when they were last let run, or 0.
	crowded() time.Duration
	// close gives back what the strategy owns.
	close() error
}

const (
	// computing is how long a call of Gosched takes at least if another goroutine computes. One
	// that was woken to answer a message mostly takes less.
	computing = 20 * time.Microsecond
	// looking is what another poller needs to find nothing, with the switch to it and back.
	looking = 2 * time.Microsecond
	// A poller that does not park lets others run this often, and has Go's own poller asked that
	// often.
	letRunEvery = 250 * time.Microsecond
	askEvery    = 500 * time.Microsecond
	// Beside goroutines that compute for longer than that, it has this part of their time, at most
	// shareMost.
	shareOfStint = 4
	shareMost    = 2 * time.Millisecond
	// calmToPark is how many calls of yield in a row must find nothing before the poller waits
	// (fact 4).
	calmToPark = 2
	// patience is how many times the poller looks again beside goroutines that compute. Then it
	// parks all the same: there is no traffic. The next event may then have to wait for sysmon, 10
	// ms.
	patience = 256
)

// yielding counts the pollers of the process that are in a call of Gosched. They must not take one
// another for goroutines that compute: none of them would ever park.
var yielding atomic.Int32

// yield lets other goroutines run. It returns for how long if some of them compute, else 0, and
// what time it is then.
func yield() (took, now time.Duration) {
	others := yielding.Add(1) - 1
	since := monotonic()
	runtime.Gosched()
	now = monotonic()
	yielding.Add(-1)
	if took = now - since; took < computing+time.Duration(others)*looking {
		took = 0
	}
	return took, now
}

// A stint is the time since a poller last waited. A poller with work all the time would otherwise
// have its processor until sysmon preempts it, 10 ms later.
type stint struct {
	begun time.Duration // 0: not yet
	let   time.Duration // when others were last let run
	asked time.Duration // when due was last called
}

// due returns whether others have to be let run, and whether Go's own poller has to be asked. It is
// called before each wait that follows one without a pause. took is for how long other goroutines
// computed when they were last let run, or 0. They have the processor for so long each time that
// the poller may keep it longer, too.
func (s *stint) due(took time.Duration) (let, ask bool) {
	now := monotonic()
	if s.begun == 0 {
		s.begun, s.let, s.asked = now, now, now
	}
	if took >= time.Millisecond && now-s.asked >= took/2 {
		s.let = now // they ran since: sysmon has preempted the poller's user
	}
	s.asked = now
	return now-s.let >= max(letRunEvery, min(took/shareOfStint, shareMost)), now-s.begun >= askEvery
}

func (s *stint) end() { s.begun = 0 }

// block is the strategy Block: a system call that blocks.
type block struct{ stint stint }

func (b *block) crowded() time.Duration { return 0 }

func (b *block) pass(kernel) error {
	if let, _ := b.stint.due(0); let {
		_, b.stint.let = yield()
	}
	return nil
}

func (b *block) wait(k kernel, mayWait bool) error {
	b.pass(k)
	if mayWait {
		k.block()
	} else {
		k.look()
	}
	return nil
}

func (b *block) close() error { return nil }

var epoch = time.Now()

// monotonic is a clock that costs half of time.Now.
func monotonic() time.Duration { return time.Since(epoch) }
