package pollux

import (
	"runtime"
	"sync/atomic"
	"time"
)

// The scheduler files have everything in the package that depends on Go's scheduler: the ways to
// wait. The rule is that a goroutine that is ready runs: a poller never keeps a processor (a P)
// that a goroutine, a timer or a connection of Go's own poller needs. This file has what all
// systems share; scheduler_linux.go, scheduler_bsd.go and scheduler_windows.go each have the way of their systems.
//
// It relies on these facts of Go 1.26 (runtime/proc.go, runtime/netpoll.go,
// runtime/netpoll_epoll.go):
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
	// look takes the events that are there, without blocking. It returns false if it finds no
	// events.
	look() bool
	// block does the same once there are some. It is a system call that the scheduler knows of.
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
	// close closes the descriptor.
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
	// calmToWait is how many calls of yield in a row must find nothing before the poller waits
	// (fact 4).
	calmToWait = 2
	// patience is how many times the poller looks again beside goroutines that compute. Then it
	// waits all the same: there is no traffic. The next event may then have to wait for sysmon, 10
	// ms.
	patience = 256
	// lingerFor is the part of their time that the poller takes for looking beside goroutines that
	// compute: 1/64.
	lingerFor = 64
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

// company is what a poller knows of the other goroutines.
type company struct {
	calm  int           // calls of yield in a row that found no goroutine that computes
	took  time.Duration // by those that compute, at the last yield; else 0
	stint stint         // since the poller last waited
}

func (c *company) crowded() time.Duration { return c.took }

func (c *company) yield() bool {
	c.took, c.stint.let = yield()
	if c.took > 0 {
		c.calm = 0
	} else {
		c.calm++
	}
	return c.took > 0
}

// linger looks for a while before the poller lets a goroutine run that has just computed for a
// millisecond or more, and will again: one that never yields has the processor for 10 to 20 ms. If
// an answer is under way it comes during that while. A goroutine that reads from a net.Conn finds
// the answer in the same way: sending takes long enough for the peer to answer.
func (c *company) linger(k kernel) bool {
	if c.took < time.Millisecond {
		return false
	}
	for until := monotonic() + c.took/lingerFor; monotonic() < until; {
		if k.look() {
			return true
		}
	}
	return false
}

// goFirst lets others run before the poller waits, and as long as they compute, it looks again. It
// returns whether a look has found something.
func (c *company) goFirst(k kernel) bool {
	if c.linger(k) {
		return true
	}
	for range patience {
		if c.yield() {
			if k.look() {
				return true
			}
		} else if c.calm >= calmToWait {
			return false
		}
	}
	return false
}

// pass lets others run if the poller has had its processor for long. Then it has Go's own poller
// asked by ask, now and then.
func (c *company) pass(ask func() error) error {
	let, late := c.stint.due(c.took)
	if !let {
		return nil
	}
	c.yield()
	if !late {
		return nil
	}
	// One that answered a message and waits for the next is no goroutine that computes: after it
	// the queues are empty.
	for tries := 0; c.calm < calmToWait && tries < 2*calmToWait; tries++ {
		c.yield()
	}
	if c.calm < calmToWait {
		return nil
	}
	err := ask()
	c.stint.begun, c.stint.let = monotonic(), monotonic()
	return err
}

// asking is the state of a call that parks a goroutine only so that the scheduler asks Go's own
// poller (fact 2). The goroutine parks, but there is news for it already: an edge that it has just
// made itself. So it runs again as soon as that poller was asked, behind all goroutines that were
// ready.
type asking uint8

const (
	notAsking asking = iota
	askNow           // make an edge, and park
	asked            // the edge has ended the parking
)

// block is the strategy Block: a system call that blocks.
type block struct {
	stint   stint
	release func() error // closes the descriptor
}

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

func (b *block) close() error { return b.release() }

var epoch = time.Now()

// monotonic is a clock that costs half of time.Now.
func monotonic() time.Duration { return time.Since(epoch) }
