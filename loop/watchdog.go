package loop

import (
	"bytes"
	"runtime"
	"strconv"
	"sync/atomic"
	"time"
)

// A watchdog looks from a goroutine of its own at whether the loop gets on. It dozes while the loop
// sleeps for long, so that an idle program is not woken.
//
//	dozing ──the loop wakes──▶ looking ──the loop slept at each of many looks──▶ dozing
type watchdog struct {
	after  time.Duration // immutable; 0: no watchdog
	dozing atomic.Bool
	alarm  chan struct{} // of capacity 1: ends the dozing
	awake  atomic.Bool   // the loop is between two waits
	step   atomic.Uint64 // counts what the loop begins
}

// defaultStuck is how long something may hold a loop unless told otherwise.
const defaultStuck = 100 * time.Millisecond

const (
	looksPerLimit = 4  // so a report is late by a quarter of the limit
	looksAsleep   = 16 // in a row, before it dozes
)

// rouse ends the dozing. Loop only.
func (w *watchdog) rouse() {
	if w.dozing.Load() && w.dozing.CompareAndSwap(true, false) {
		select {
		case w.alarm <- struct{}{}:
		default: // of an earlier drive, which ended before it was taken
		}
	}
}

// watchOver looks after the loop whose goroutine has that number, until over is closed.
func (l *Loop) watchOver(goroutine string, over <-chan struct{}) {
	w := &l.watchdog
	timer := time.NewTimer(w.after / looksPerLimit)
	defer timer.Stop()
	var step uint64
	since, asleep, told := time.Now(), 0, false
	for {
		select {
		case <-timer.C:
		case <-over:
			return
		}
		now, at := time.Now(), w.step.Load()
		switch {
		case !w.awake.Load():
			asleep++
			step, since, told = at, now, false
		case at != step:
			asleep = 0
			step, since, told = at, now, false
		case now.Sub(since) >= w.after && !told:
			told = true
			l.counted.stuck.Add(1)
			l.log.Warn("a callback or a task holds up its loop", "for", now.Sub(since).Round(time.Millisecond).String(), "stack", stackOf(goroutine))
		}
		if asleep >= looksAsleep {
			asleep = 0
			w.dozing.Store(true)
			if !w.awake.Load() || !w.dozing.CompareAndSwap(true, false) {
				select {
				case <-w.alarm:
				case <-over:
					return
				}
				since = time.Now()
			}
		}
		timer.Reset(w.after / looksPerLimit)
	}
}

// thisGoroutine returns the number of the calling goroutine, as a stack shows it.
func thisGoroutine() string {
	var room [64]byte
	s := room[:runtime.Stack(room[:], false)]
	s = bytes.TrimPrefix(s, []byte("goroutine "))
	if i := bytes.IndexByte(s, ' '); i > 0 {
		if _, err := strconv.Atoi(string(s[:i])); err == nil {
			return string(s[:i])
		}
	}
	return ""
}

// mostStack is how much of the stacks of all goroutines is looked at.
const mostStack = 4 << 20

// stackOf returns the stack of a goroutine, and those of the tasks that run: one of them is the
// loop's, if it is resuming one. All goroutines stop for it.
func stackOf(goroutine string) string {
	all := make([]byte, 256<<10)
	n := runtime.Stack(all, true)
	for n == len(all) && len(all) < mostStack {
		all = make([]byte, 4*len(all))
		n = runtime.Stack(all, true)
	}
	var own, tasks []byte
	for s := range bytes.SplitSeq(all[:n], []byte("\n\n")) {
		switch head, _, _ := bytes.Cut(s, []byte("\n")); {
		case bytes.HasPrefix(head, []byte("goroutine "+goroutine+" ")):
			own = s
		case bytes.Contains(s, []byte("loop.(*Task).main(")) && !bytes.Contains(head, []byte("[coroutine")):
			tasks = append(append(tasks, "\n\n"...), s...)
		}
	}
	if bytes.Contains(own, []byte("loop.(*Task).resume(")) {
		own = append(append([]byte{}, own...), tasks...)
	}
	return string(own)
}
