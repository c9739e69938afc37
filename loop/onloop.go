package loop

import (
	"reflect"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
)

// A goroutine has no identity that a program can ask for. But a goroutine that drives a loop has
// drive or finish in its stack, and a task's coroutine has Task.main. Walking the stack costs about
// half a microsecond, so it is done only before a goroutine parks while user code runs on some
// loop, and at each blocking call in the debug mode.
var entries struct {
	once  sync.Once // not at initialization, since these functions ask themselves
	spans [3]span
}

func findEntries() {
	entries.spans = [...]span{spanOf((*Loop).drive), spanOf((*Loop).finish), spanOf((*Task).main)}
}

// A span is the code of a function: return addresses from first on, below last.
type span struct{ first, last uintptr }

func spanOf(fn any) span {
	first := runtime.FuncForPC(reflect.ValueOf(fn).Pointer()).Entry()
	last := first + 1
	for f := runtime.FuncForPC(last); f != nil && f.Entry() == first; f = runtime.FuncForPC(last) {
		last++
	}
	return span{first, last}
}

// onLoopGoroutine says whether the calling goroutine drives a loop or is a task.
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

// live lists the loops that were made and have not ended. It is replaced, never changed.
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

// refuseWait returns ErrOnLoop if the calling goroutine, which is about to park, is one that a loop
// needs: a callback or a task is waiting without its task's name.
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

// MayBlock returns ErrOnLoop in a callback or a task, for a call that is about to block the
// goroutine, and so the loop. It takes about half a microsecond.
func MayBlock() error {
	if onLoopGoroutine() {
		return ErrOnLoop
	}
	return nil
}

// checksWaits is the debug mode: every blocking call is checked, also one that would complete at
// once. Config.Debug and the environment variable POLLUX_DEBUG switch it on, for the whole process,
// and the race detector does.
var checksWaits atomic.Bool
