package loop

import (
	"fmt"
	"runtime"
)

// A Leak is a descriptor that is registered on a loop.
type Leak struct {
	FD    string // the text of FD.String
	Trace string // the call stack that registered it, if Config.TraceLeaks is set
}

func (k Leak) String() string {
	if k.Trace == "" {
		return k.FD
	}
	return k.FD + ", registered at\n" + k.Trace
}

// Leaks lists the descriptors that are registered now. With Config.TraceLeaks, each has the call
// stack that registered it.
func (l *Loop) Leaks() []Leak {
	var leaks []Leak
	for _, fd := range l.table.all(false) {
		leak := Leak{FD: fd.String()}
		l.table.mu.Lock()
		pcs := l.table.traces[fd]
		l.table.mu.Unlock()
		for frames := runtime.CallersFrames(pcs); len(pcs) > 0; {
			f, more := frames.Next()
			leak.Trace += fmt.Sprintf("\t%s\n\t\t%s:%d\n", f.Function, f.File, f.Line)
			if !more {
				break
			}
		}
		leaks = append(leaks, leak)
	}
	return leaks
}
