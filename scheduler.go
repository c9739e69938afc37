package pollux

import (
	"cmp"
	"runtime"
	"sync/atomic"
	"time"
)

// The scheduler files have everything in the package that depends on Go's scheduler: the ways to
// wait. The aim is that a ready goroutine runs soon. So a poller never keeps a processor (a P) that
// a goroutine, a timer or a connection of Go's own poller needs. This file has the common part of
// all systems. scheduler_linux.go and scheduler_other.go have the rest for their systems.
//
// It relies on these facts of Go 1.26 (runtime/proc.go, runtime/netpoll.go,
// runtime/netpoll_epoll.go):
//
//  1. A thread in a system call keeps its processor until sysmon takes it away (retake). sysmon
//     does so when it finds the thread in the same call twice. It looks every 20 us to 10 ms. A
//     goroutine that parks gives its processor up at once.
//  2. A scheduler without work (findRunnable) first runs the processor's queue, then the global
//     queue, and then asks Go's own poller (netpoll). Only after that does the processor go idle.
//     If netpoll was not asked for 10 ms, sysmon asks it.
//  3. Gosched puts its caller at the end of the global queue. So findRunnable finds the caller
//     there, and never asks netpoll during a call of Gosched. While other goroutines compute, it
//     never asks netpoll at all.
//  4. Every 61st scheduling takes the first goroutine of the global queue before all others. This
//     may be the caller of Gosched. So one quick return does not prove that no other goroutine is
//     ready.
//  5. Gosched wakes a thread if a processor is idle (wakep). This costs a futex call and a search
//     for work.

// A kernel has the methods of the backend that a strategy calls.
type kernel interface {
	// look takes the present events without blocking. It returns false if it found none.
	look() bool
	// block waits for events and takes them. It is a system call that the scheduler knows of.
	block()
}

// A strategy is a way to wait. Only the goroutine that waits calls its methods.
type strategy interface {
	// wait looks for events. With mayWait it returns when there are events, and otherwise at once.
	// Now and then it returns without events.
	wait(k kernel, mayWait bool) error
	// pass lets other goroutines run if the caller has kept its processor for long. It is called
	// between two waits.
	pass(k kernel) error
	// crowded returns how long other goroutines computed when they last ran, or 0.
	crowded() time.Duration
	// close closes the descriptor.
	close() error
}

const (
	// computing is the shortest call of Gosched that shows another goroutine to compute. A
	// goroutine that was woken to answer a message mostly takes less.
	computing = 20 * time.Microsecond
	// looking is the time in which another poller finds nothing, with the switch to it and back.
	looking = 2 * time.Microsecond
	// A poller that does not park lets others run once in letRunEvery, and has Go's own poller
	// asked once in askEvery. A timer of another goroutine may be late by letRunEvery: with an idle
	// processor too, since a wait of Go's own poller rounds up to a millisecond.
	letRunEvery = 50 * time.Microsecond
	askEvery    = 500 * time.Microsecond
	// While Go's own poller has had something each time, it is asked once in askSoon. A round trip
	// of a net.Conn in the same process takes two of them.
	askSoon = 100 * time.Microsecond
	// Beside goroutines that compute, the poller keeps the processor for 1/shareOfStint of their
	// time, if that is more than letRunEvery, and at most for shareMost. If crowdToShare calls of
	// yield in a row have found some, they compute without an end, and answer no messages. Then it
	// keeps the processor for shareOfCrowd times their time. A goroutine of package net would keep
	// it for 10 ms.
	shareOfStint = 4
	shareOfCrowd = 4
	crowdToShare = 8
	shareMost    = 2 * time.Millisecond
	// calmToWait is the number of calls of yield in a row that must find no computing goroutine
	// before the poller waits (fact 4).
	calmToWait = 2
	// patience is the number of looks beside goroutines that compute. After that many without an
	// event, the poller waits in any case, since there is no traffic. The next event may then have
	// to wait for sysmon, up to 10 ms.
	patience = 256
	// lingerFor sets how long the poller looks beside goroutines that compute: 1/64 of their time.
	lingerFor = 64
)

// yielding counts the pollers of the process that are in a call of Gosched. A poller must not take
// the others for goroutines that compute: then none of them would ever park.
var yielding atomic.Int32

// yield lets other goroutines run. took is how long that took, without the time of other pollers.
// now is the time after that.
func yield() (took, now time.Duration) {
	others := yielding.Add(1) - 1
	since := monotonic()
	runtime.Gosched()
	now = monotonic()
	yielding.Add(-1)
	return now - since - time.Duration(others)*looking, now
}

// A stint is the time since a poller last waited. Without it, a poller that always has work would
// keep its processor until sysmon preempts it, 10 ms later.
type stint struct {
	begun time.Duration // 0: not yet
	let   time.Duration // when other goroutines last ran
	asked time.Duration // when due was last called
	every time.Duration // how often Go's own poller is asked; 0: askEvery
}

// due reports whether other goroutines must run now, and whether Go's own poller must be asked. It
// is called before each wait that follows another one without a pause. took is how long other
// goroutines computed when they last ran, or 0. The longer they keep the processor, the longer the
// poller may keep it: for keep, if that is more than letRunEvery.
func (s *stint) due(took, keep time.Duration) (let, ask bool) {
	now := monotonic()
	if s.begun == 0 {
		s.begun, s.let, s.asked = now, now, now
	}
	if took >= time.Millisecond && now-s.asked >= took/2 {
		s.let = now // others have run: sysmon has preempted this goroutine
	}
	s.asked = now
	return now-s.let >= max(letRunEvery, min(keep, shareMost)), now-s.begun >= cmp.Or(s.every, askEvery)
}

func (s *stint) end() { s.begun = 0 }

// company holds what a poller knows of the other goroutines.
type company struct {
	calm  int           // calls of yield in a row that found no goroutine that computes
	crowd int           // calls of yield in a row that found one
	took  time.Duration // how long others computed, at the last yield; or 0
	stint stint         // time since the poller last waited
}

func (c *company) crowded() time.Duration { return c.took }

// yield lets other goroutines run, and returns whether one of them computes.
func (c *company) yield() bool {
	c.took, c.stint.let = yield()
	if c.took < computing {
		c.took, c.crowd = 0, 0
		c.calm++
		return false
	}
	c.calm = 0
	c.crowd++
	return true
}

// linger looks for a while before the poller yields to a goroutine that has just computed for a
// millisecond or more. That goroutine may keep the processor for 10 to 20 ms. An answer that is on
// its way often comes during the while. A goroutine that reads from a net.Conn finds the answer in
// the same way: its send takes long enough for the peer to answer.
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

// goFirst lets other goroutines run before the poller waits. As long as they compute, it looks
// again. It returns true if a look has found events.
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

// share returns how long the poller may keep the processor beside goroutines that compute.
func (c *company) share() time.Duration {
	if c.crowd >= crowdToShare {
		return c.took * shareOfCrowd
	}
	return c.took / shareOfStint
}

// pass lets other goroutines run if the poller has kept its processor for long. Now and then it
// calls ask, which makes the scheduler ask Go's own poller.
func (c *company) pass(ask func() error) error {
	let, late := c.stint.due(c.took, c.share())
	if !let {
		return nil
	}
	c.yield()
	if !late {
		return nil
	}
	// A goroutine that has answered a message and waits for the next does not compute. After it has
	// run, the queues are empty.
	for tries := 0; c.calm < calmToWait && tries < 2*calmToWait; tries++ {
		c.yield()
	}
	if c.calm < calmToWait {
		return nil
	}
	err := ask()
	took, now := yield() // to what Go's poller has made ready
	if took > looking {
		c.stint.every = askSoon
	} else {
		c.stint.every = min(2*cmp.Or(c.stint.every, askEvery), askEvery)
	}
	c.stint.begun, c.stint.let = now, now
	return err
}

// block is the strategy Block: the goroutine waits in a system call.
type block struct {
	stint   stint
	release func() error // closes the poller's descriptors or handles
}

func (b *block) crowded() time.Duration { return 0 }

func (b *block) pass(kernel) error {
	if let, _ := b.stint.due(0, 0); let {
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

// monotonic reads the clock at half the cost of time.Now.
func monotonic() time.Duration { return time.Since(epoch) }
