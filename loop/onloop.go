package loop

import (
	"reflect"
	"runtime"
	"slices"
	"sync/atomic"
)

// Go gives a goroutine no identity that could be asked for. But a goroutine that drives a loop has drive in its stack, or finish, and
// one that is a task's coroutine has Task.main: that tells it, and costs only those who are about to park while user code runs
// on the loop they wait for.
var entries = [...]uintptr{entry((*Loop).drive), entry((*Loop).finish), entry((*Task).main)}

func entry(fn any) uintptr { return runtime.FuncForPC(reflect.ValueOf(fn).Pointer()).Entry() }

// onLoopGoroutine says whether the calling goroutine drives a loop or is a task.
func onLoopGoroutine() bool {
	var pcs [64]uintptr
	for skip := 2; ; {
		n := runtime.Callers(skip, pcs[:])
		for _, pc := range pcs[:n] {
			// A return address is the instruction after the call. Entry is that of the function as it was compiled, whatever
			// was inlined into it there.
			if f := runtime.FuncForPC(pc - 1); f != nil && slices.Contains(entries[:], f.Entry()) {
				return true
			}
		}
		if n < len(pcs) {
			return false
		}
		skip += n
	}
}

// refuseWait gives ErrOnLoop to a goroutine that is about to wait for l from within a callback or a task.
func (l *Loop) refuseWait() error {
	if l.inUser.Load() && onLoopGoroutine() {
		return ErrOnLoop
	}
	return nil
}

// userCode is set once user code has run on any loop. It never is in a program whose goroutines wait and nobody else.
var userCode atomic.Bool

// refuseFirstWait gives ErrOnLoop to a callback or a task that is about to wait, as a goroutine, for a descriptor that is on no loop. It
// would join another loop than the one that stands meanwhile: mostly somebody has forgotten to name the task.
func refuseFirstWait() error {
	if userCode.Load() && onLoopGoroutine() {
		return ErrOnLoop
	}
	return nil
}

// MayBlock gives ErrOnLoop to a callback or a task that is about to block its goroutine on something foreign, and so the loop. It
// takes about a microsecond.
func MayBlock() error {
	if onLoopGoroutine() {
		return ErrOnLoop
	}
	return nil
}
