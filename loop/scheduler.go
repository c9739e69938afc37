package loop

import (
	"runtime"
	"sync/atomic"
	"time"
)

// This file has what the package knows of Go's scheduler; the poller's part, and the rules of the
// runtime that both rely on, are in the root's scheduler files. The rule is that a goroutine that
// is ready runs.

// letWokenRun is called before a wait of a turn that has made goroutines ready. They run anyway
// once the loop waits; but their answers are what comes next, so the wait would begin with a look
// that finds nothing.
func letWokenRun() { runtime.Gosched() }

// yieldEvery is how many events or functions a loop serves between two looks at whether others have
// to run.
const yieldEvery = 8

// share lets others run in the middle of a long turn, before the i-th of several things to do.
func (l *Loop) share(i int) {
	if i%yieldEvery == yieldEvery-1 {
		if err := l.poller.Yield(); err != nil {
			l.fail(err)
		}
	}
}

// A goroutine whose operations never have to wait would have its processor for 10 ms, until sysmon
// preempts it: the system calls of an attempt are hidden from the scheduler (RawSyscall). So each
// runMost-th operation on a descriptor without a wait lets others run, as the budget of a turn does
// for tasks and watchers.
const (
	runOne  fdState = 1 << 27 // fdState counts them in its highest bits
	runMost         = 32      // and overflows then
)

// ran counts an operation of a goroutine that did not wait, and returns whether others have to be
// let run. mu is held.
func (fd *FD) ran() bool {
	fd.state += runOne
	return fd.state < runOne
}

// hasWaited forgets what ran has counted: the goroutine has waited. mu is held.
func (fd *FD) hasWaited() { fd.state &= runOne - 1 }

// letOthersRun lets others run. Goroutines that compute then have the processor for 10 ms and more
// each time; so after them a goroutine keeps it for a part of their time, as a poller does.
func letOthersRun() {
	now := time.Since(epoch)
	if now < time.Duration(keepUntil.Load()) {
		return
	}
	runtime.Gosched()
	then := time.Since(epoch)
	if took := then - now; took >= time.Millisecond {
		keepUntil.Store(int64(then + min(took/4, 2*time.Millisecond)))
	}
}

var (
	epoch     = time.Now()
	keepUntil atomic.Int64 // in nanoseconds since epoch
)

// looks is how a goroutine that would have to park looks again instead, while others compute.
//
//	notYet ──▶ lingering ──until──▶ yielded ──▶ it parks
type looks uint8

const (
	notYet    looks = iota
	lingering       // attempts at once, for as long as an answer that is under way may take
	yielded         // one attempt after the others had the processor
)

// lingerFor is the part of the time of others that compute which a goroutine may spend on looking,
// before it lets them run again: 1/64, as for pollers.
const lingerFor = 64

// looksAgain gives the lane to a goroutine for another attempt before it parks, and unlocks mu if
// it does. While others compute, a goroutine that parks is late twice: once until the loop has its
// turn, and once more until it has its own. A goroutine that reads from a net.Conn has one turn,
// and often finds the answer before it parks, since waking the peer takes long. mu is held.
func (fd *FD) looksAgain(c *Call) bool {
	if c.looks == yielded || c.Blind || !fd.mayLook(c) {
		return false
	}
	now := time.Since(epoch)
	if c.looks == notYet {
		c.looks, c.until = lingering, now
		if took := time.Duration(fd.loop.crowd.Load()); took >= time.Millisecond {
			c.until += took / lingerFor
		}
	} else if now >= c.until {
		c.looks = yielded
	}
	fd.state &^= lane(c.Lane, laneBlocked)
	fd.take(c)
	fd.mu.Unlock()
	if c.looks == yielded { // with the lane: nothing comes between two attempts of one operation
		runtime.Gosched()
	}
	return true
}

// fewWoken is how many goroutines a loop may wake in a turn so that others which compute then are
// taken for strangers: with more it is mostly its own goroutines that have the processor, and more
// looks of theirs would only keep it from the loop.
const fewWoken = 2

// mayLook says whether others compute, and nothing is in the way of an attempt or ends the wait. mu
// is held.
func (fd *FD) mayLook(c *Call) bool {
	return fd.loop != nil && fd.loop.crowd.Load() != 0 && fd.queue[c.Lane] == nil &&
		fd.state&(fdClosed|fdWatched|lane(c.Lane, laneBusy|laneLate)) == 0 && !fd.isLate(fd.began(c)) && c.Waiter.ended() == nil
}
