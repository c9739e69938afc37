package loop

import (
	"runtime"
	"sync/atomic"
	"time"

	"github.com/polluxio/pollux/timeouts"
)

// This file holds the part of the package that depends on Go's scheduler. The poller's part, and
// the rules of the runtime that both rely on, are in the root's scheduler files. The aim is that a
// ready goroutine runs soon.

// letWokenRun lets other goroutines run before the loop waits, after a turn that made goroutines
// ready. Without it they would run during the wait, and the wait would begin with a look that finds
// nothing: their answers are the next events.
func letWokenRun() { runtime.Gosched() }

// yieldEvery is the number of events or functions that a loop serves between two checks whether
// other goroutines have to run.
const yieldEvery = 4

// share lets other goroutines run in the middle of a long turn. It is called before the i-th of
// several things to do.
func (l *Loop) share(i int) {
	if i%yieldEvery == yieldEvery-1 {
		if err := l.poller.Yield(); err != nil {
			l.fail(err)
		}
	}
}

// A goroutine whose operations never have to wait would keep its processor for 10 ms, until sysmon
// preempts it: the scheduler does not see the system calls of an attempt (RawSyscall). So after
// runMost operations in a row without a wait, a goroutine lets others run. The budget of a turn
// does the same for tasks and watchers.
const (
	runMost         = 32
	runOne  fdState = 1 << 32 / runMost // the highest bits of fdState count the operations: after runMost they overflow
)

var _ [runOne - 1<<fdStates]struct{} // the count and the other bits do not overlap

// ran counts an operation of a goroutine that did not wait. It returns true if other goroutines
// must now run. The caller holds mu.
func (fd *FD) ran() bool {
	fd.state += runOne
	return fd.state < runOne
}

// hasWaited resets the count of ran, because the goroutine has waited. The caller holds mu.
func (fd *FD) hasWaited() { fd.state &= runOne - 1 }

// mute makes the poller report no edges of a descriptor on which a goroutine has made runMost
// operations without a wait. Its edges bring nothing then: on a second processor each would wake
// the loop, which costs more than the operation. The first operation that must wait, a retry timer
// or a watcher ends the mute, and the poller then reports what is ready.
func (fd *FD) mute() {
	fd.mu.Lock()
	defer fd.mu.Unlock()
	needsEdges := fd.state&(fdClosed|fdWatched|fdMuted|lane(Read, laneBlocked)|lane(Write, laneBlocked)) != 0 ||
		fd.queue[Read] != nil || fd.queue[Write] != nil || fd.resting(Read) || fd.resting(Write)
	if l := fd.loop; l != nil && !needsEdges {
		if muted, err := l.poller.Mute(int(fd.sysfd), l.table.token(fd.slot)); muted && err == nil {
			fd.state |= fdMuted
		}
	}
}

// unmute ends a mute. It ignores an error, which means that other code has closed the descriptor
// and so ended the registration. The caller holds mu.
func (fd *FD) unmute() {
	if fd.state&fdMuted != 0 {
		fd.state &^= fdMuted
		fd.loop.poller.Unmute(int(fd.sysfd), fd.loop.table.token(fd.slot))
	}
}

// letOthersRun lets other goroutines run. Goroutines that compute keep the processor for 10 ms and
// more each time. After them, this goroutine keeps it for a part of that time, as a poller does.
func letOthersRun() {
	now := timeouts.System.Now()
	if !timeouts.Deadline(keepUntil.Load()).Expired(now) {
		return
	}
	runtime.Gosched()
	then := timeouts.System.Now()
	if took := then.Until(now); took >= time.Millisecond {
		keepUntil.Store(int64(then.Add(min(took/4, 2*time.Millisecond))))
	}
}

var keepUntil atomic.Int64 // a Deadline of the system's clock

// looks says how a goroutine that would have to park tries again instead, while other goroutines
// compute.
//
//	notYet ──▶ lingering ──until──▶ yielded ──▶ it parks
type looks uint8

const (
	notYet    looks = iota
	lingering       // attempts at once, as long as an answer may be on its way
	yielded         // one attempt after other goroutines had the processor
)

// lingerFor sets how long a goroutine may look again before it lets computing goroutines run: 1/64
// of the time that they had. Pollers use the same part.
const lingerFor = 64

// looksAgain takes the lane for another attempt before the goroutine parks. If it does, it unlocks
// mu and returns true. The caller holds mu.
//
// While other goroutines compute, a goroutine that parks waits for the processor twice: once until
// the loop runs, and once until it runs itself. A goroutine that reads from a net.Conn waits once.
// It often finds the answer before it parks, since waking the peer takes long.
func (fd *FD) looksAgain(c *Call) bool {
	if c.looks == yielded || c.Blind || !fd.mayLook(c) {
		return false
	}
	now := timeouts.System.Now()
	if c.looks == notYet {
		c.looks, c.until = lingering, now
		if took := time.Duration(fd.loop.crowd.Load()); took >= time.Millisecond {
			c.until = now.Add(took / lingerFor)
		}
	} else if c.until.Expired(now) {
		c.looks = yielded
	}
	fd.state &^= lane(c.Lane, laneBlocked)
	fd.take(c)
	fd.mu.Unlock()
	if c.looks == yielded { // the caller keeps the lane: no other operation runs between two attempts of one operation
		runtime.Gosched()
	}
	return true
}

// fewWoken limits the goroutines that a loop may wake in a turn and still count computing
// goroutines as strangers. If it wakes more, mostly its own goroutines have the processor. Their
// extra looks would only keep the processor from the loop.
const fewWoken = 2

// mayLook reports whether other goroutines compute, nothing blocks an attempt, and nothing ends the
// wait. The caller holds mu.
func (fd *FD) mayLook(c *Call) bool {
	return fd.loop != nil && fd.loop.crowd.Load() != 0 && fd.queue[c.Lane] == nil &&
		fd.state&(fdClosed|fdWatched|lane(c.Lane, laneBusy|laneLate)) == 0 && !fd.isLate(fd.began(c)) && c.Waiter.ended() == nil
}
