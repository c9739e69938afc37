package loop

import (
	"reflect"
	"runtime"
	"slices"
	"sort"
	"sync"
	"sync/atomic"
)

// A program cannot ask for the identity of a goroutine. But a goroutine that drives a loop has
// drive or finish in its stack, and a task's coroutine has the function that Task.main returns. A
// walk of the stack takes about half a microsecond. So it is made only before a goroutine parks
// while user code runs on some loop, and at each blocking call in the debug mode.
var entries struct {
	once  sync.Once // not at initialization: these functions refer to entries themselves
	spans [3]span
}

func findEntries() {
	entries.spans = [...]span{spanOf((*Loop).drive), spanOf((*Loop).finish), spanOf((*Task)(nil).main(nil))}
}

// A span is the code of a function: return addresses from first up to last, without last.
type span struct{ first, last uintptr }

func spanOf(fn any) span {
	first := runtime.FuncForPC(reflect.ValueOf(fn).Pointer()).Entry()
	inside := func(n uintptr) bool { // in another function that is inlined, FuncForPC allocates
		f := runtime.FuncForPC(first + n)
		return f != nil && f.Entry() == first
	}
	most := 1
	for inside(uintptr(most)) {
		most *= 2
	}
	return span{first, first + uintptr(sort.Search(most, func(n int) bool { return !inside(uintptr(n)) }))}
}

// onLoopGoroutine reports whether the calling goroutine drives a loop or is a task.
func onLoopGoroutine() bool {
	entries.once.Do(findEntries)
	var pcs [64]uintptr
	for skip := 2; ; {
		n := runtime.Callers(skip, pcs[:])
		for _, pc := range pcs[:n] {
			for _, e := range entries.spans {
				if e.first < pc && pc <= e.last {
					return true
				}
			}
		}
		if n < len(pcs) {
			return false
		}
		skip += n
	}
}

// live lists the loops that were made and have not ended. A change replaces the list and never
// edits it.
var live struct {
	mu    sync.Mutex
	loops atomic.Pointer[[]*Loop]
}

func enlist(l *Loop) { changeLive(func(loops []*Loop) []*Loop { return append(loops, l) }) }

func delist(l *Loop) {
	changeLive(func(loops []*Loop) []*Loop {
		return slices.DeleteFunc(loops, func(other *Loop) bool { return other == l })
	})
}

func changeLive(change func([]*Loop) []*Loop) {
	live.mu.Lock()
	defer live.mu.Unlock()
	var loops []*Loop
	if old := live.loops.Load(); old != nil {
		loops = slices.Clone(*old)
	}
	loops = change(loops)
	live.loops.Store(&loops)
}

// refuseWait returns ErrOnLoop if the calling goroutine is about to park and a loop runs on it: the
// caller is a callback, or a task that the call does not name.
func refuseWait() error {
	loops := live.loops.Load()
	if loops == nil {
		return nil
	}
	for _, l := range *loops {
		if l.inUser.Load() {
			return MayBlock()
		}
	}
	return nil
}

// MayBlock returns ErrOnLoop in a callback or a task. Call it before a call that blocks the
// goroutine, and with it the loop. It takes about half a microsecond.
func MayBlock() error {
	if onLoopGoroutine() {
		return ErrOnLoop
	}
	return nil
}

// checkWait returns ErrOnLoop in the debug mode if a loop runs on the calling goroutine. A blocking
// call makes it first, so that it is refused even if it would complete at once.
func checkWait() error {
	if checksWaits.Load() {
		return MayBlock()
	}
	return nil
}

// checksWaits is true in the debug mode: every blocking call is checked, also one that would
// complete at once. Config.Debug, the environment variable POLLUX_DEBUG and the race detector
// switch it on, for the whole process.
var checksWaits atomic.Bool
