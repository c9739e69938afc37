package loop

import (
	"bytes"
	"runtime"
	"strconv"
	"sync/atomic"
	"time"
)

// A watchdog checks on a goroutine of its own whether the loop makes progress. It dozes while the
// loop sleeps, so that it does not wake an idle program.
//
//	dozing ──the loop wakes──▶ looking ──the loop slept at two looks in a row──▶ dozing
type watchdog struct {
	after  time.Duration // immutable; 0: no watchdog
	dozing atomic.Bool
	alarm  chan struct{} // of capacity 1: a token ends the dozing
	awake  atomic.Bool   // the loop is between two waits
	step   atomic.Uint64 // counts the callbacks and steps that the loop begins
}

// defaultStuck is the default of Config.StuckAfter.
const defaultStuck = 100 * time.Millisecond

const (
	looksPerLimit = 4 // so a report is late by at most a quarter of the limit
	looksAsleep   = 2 // looks in a row that find the loop asleep, before the watchdog dozes
)

// rouse ends the dozing. Loop only.
func (w *watchdog) rouse() {
	if w.dozing.Load() && w.dozing.CompareAndSwap(true, false) {
		select {
		case w.alarm <- struct{}{}:
		default: // a token of an earlier drive, which ended before the token was taken
		}
	}
}

// watchOver watches the loop whose goroutine has that number, until over is closed.
func (l *Loop) watchOver(goroutine string, over <-chan struct{}) {
	w := &l.watchdog
	timer := time.NewTimer(w.after / looksPerLimit)
	defer timer.Stop()
	s := sight{since: time.Now()}
	for {
		select {
		case <-timer.C:
		case <-over:
			return
		}
		if held := w.look(&s, time.Now()); held > 0 {
			l.counted.stuck.Add(1)
			l.log.Warn("a callback or a task holds up its loop", "for", held.Round(time.Millisecond).String(), "stack", stackOf(goroutine))
		}
		if s.asleep >= looksAsleep {
			s.asleep = 0
			w.dozing.Store(true)
			if !w.awake.Load() || !w.dozing.CompareAndSwap(true, false) {
				select {
				case <-w.alarm:
				case <-over:
					return
				}
				s.since = time.Now()
			}
		}
		timer.Reset(w.after / looksPerLimit)
	}
}

// A sight is what the watchdog has seen of its loop.
type sight struct {
	step   uint64    // at the last look
	since  time.Time // when the loop was first seen at that step
	asleep int       // looks in a row that found it asleep
	told   bool      // that step was reported
}

// look looks at the loop. It returns how long the present step has held it, if that is to be
// reported: once for each step. Otherwise it returns 0.
func (w *watchdog) look(s *sight, now time.Time) time.Duration {
	at := w.step.Load()
	switch {
	case !w.awake.Load():
		s.asleep++
		s.step, s.since, s.told = at, now, false
	case at != s.step:
		s.asleep = 0
		s.step, s.since, s.told = at, now, false
	case now.Sub(s.since) >= w.after && !s.told:
		s.told = true
		return now.Sub(s.since)
	}
	return 0
}

// thisGoroutine returns the number of the calling goroutine, as a stack trace shows it.
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

// mostStack limits the size of the stack traces that stackOf reads, in bytes.
const mostStack = 4 << 20

// stackOf returns the stack trace of a goroutine. If that goroutine is resuming a task, it also
// returns those of the running tasks: one of them is the loop's. The call stops all goroutines.
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
		case bytes.Contains(s, []byte("loop.(*Task).main.func1(")) && !bytes.Contains(head, []byte("[coroutine")):
			tasks = append(append(tasks, "\n\n"...), s...)
		}
	}
	if bytes.Contains(own, []byte("loop.(*Task).resume(")) {
		own = append(append([]byte{}, own...), tasks...)
	}
	return string(own)
}
