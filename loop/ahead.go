package loop

import (
	"unsafe"
)

// A loop knows a few hundred events before it looks at the first. With a thousand connections what is needed for each is in no cache any
// more: the FD, the operation, the stack of who waits, some 25 lines one after the other, and each takes as long as a hundred
// instructions. So while one event is served, the memory of those behind it is fetched, in steps, since each tells where the next is.
const (
	aheadFD    = 4 // events before its own: the FD
	aheadOp    = 2 // the operation that waits, which the FD names
	aheadStack = 1 // the stack, which the operation names

	// With fewer events there is nothing to be gained.
	aheadFrom = 4

	cacheLine  = 64
	linesFD    = 3 // with what package sock has around it
	linesOp    = 5 // with the Task around it
	linesStack = 16
	stackBelow = 4 // of these, from Op.wait down to where the goroutine is parked
)

// ahead fetches for the events behind the i-th.
func (l *Loop) ahead(i int) {
	if j := i + aheadFD; j < len(l.fds) && l.fds[j] != nil {
		prefetch(uintptr(unsafe.Pointer(l.fds[j])), linesFD)
	}
	if !l.handing {
		return // nobody waits: there are only callbacks, as it seems, and a lock for each would be in vain
	}
	if j := i + aheadOp; j < len(l.fds) && l.fds[j] != nil {
		var o *Op
		if fd := l.fds[j]; fd.mu.TryLock() {
			o = fd.queue[Read]
			fd.mu.Unlock()
		}
		l.coming[j%len(l.coming)] = o
		if o != nil {
			prefetch(uintptr(unsafe.Pointer(o)), linesOp)
		}
	}
	if j := i + aheadStack; j < len(l.fds) && l.fds[j] != nil {
		if o := l.coming[j%len(l.coming)]; o != nil {
			l.coming[j%len(l.coming)] = nil
			prefetch(o.stack.Load(), linesStack)
		}
	}
}

// here notes where the caller's stack is. It may be elsewhere by the time that this is used: then it was in vain.
func (o *Op) here() {
	var top byte
	if p := uintptr(unsafe.Pointer(&top)) - stackBelow*cacheLine; o.stack.Load() != p { // to store costs as much as a lock
		o.stack.Store(p)
	}
}
