package socktest

import (
	"context"
	"errors"
	"fmt"
	"os"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/polluxio/pollux/loop"
)

// longest is how long a test may take in all: no wait of it goes unwatched.
var longest = patience(30 * time.Second)

// Check makes t fail if it leaves anything behind: goroutines, descriptors, or what the loops of
// the default reactor hold. It stops a test that hangs, and skips it on a system that pollux has no
// poller for. It comes first in a test, which cannot be parallel.
func Check(t testing.TB) {
	t.Helper()
	r, err := loop.Default()
	if errors.Is(err, errors.ErrUnsupported) {
		t.Skipf("no sockets: %v: write its poller", err)
	}
	Must(t, err)
	warmUp()
	for _, l := range r.Loops() { // a loop that runs has all its goroutines
		Must(t, l.Go(func(*loop.Task) {}).Wait(context.Background()))
	}

	stuck := time.AfterFunc(longest, func() {
		panic(fmt.Sprintf("%s: no end within %v\n%s", t.Name(), longest, stacks()))
	})
	before := take(r)
	t.Cleanup(func() {
		stuck.Stop()
		if t.Failed() || t.Skipped() {
			return // it may have stopped anywhere
		}
		var after holdings
		if !await(func() bool { after = take(r); return after.within(before) || after.forgetsPipes(before) }) {
			t.Errorf("left behind: %s\n%s", after.beyond(before), stacks())
		}
	})
}

// warmUp makes what the runtime makes on first need and keeps: the descriptors of its own poller.
var warmUp = sync.OnceFunc(func() {
	if r, w, err := os.Pipe(); err == nil {
		r.Close()
		w.Close()
	}
})

// holdings are what a process has at one time.
type holdings struct {
	goroutines  int
	descriptors map[string]string // by number: what they are. Empty where the system does not tell.
	registered  int               // on loops
	timers      int
}

func take(r *loop.Reactor) holdings {
	h := holdings{goroutines: runtime.NumGoroutine(), descriptors: descriptors()}
	for _, l := range r.Loops() {
		stats := l.Stats()
		h.registered += stats.Descriptors
		h.timers += stats.Timers
	}
	return h
}

// forgetsPipes reports false, and has pools forget the pipes that Splice keeps in one for later: a
// sync.Pool does that in the second garbage collection. It does nothing without a new pipe.
func (h holdings) forgetsPipes(before holdings) bool {
	for fd, what := range h.descriptors {
		if before.descriptors[fd] != what && strings.HasPrefix(what, "pipe:") {
			runtime.GC()
			break
		}
	}
	return false
}

func (h holdings) within(before holdings) bool { return h.beyond(before) == "" }

// beyond is what of h was not before.
func (h holdings) beyond(before holdings) string {
	var over []string
	count := func(what string, now, then int) {
		if now > then {
			over = append(over, fmt.Sprintf("%s: %d, were %d", what, now, then))
		}
	}
	count("goroutines", h.goroutines, before.goroutines)
	count("registered on loops", h.registered, before.registered)
	count("timers", h.timers, before.timers)
	for fd, what := range h.descriptors {
		if before.descriptors[fd] != what {
			over = append(over, fmt.Sprintf("descriptor %s: %s", fd, what))
		}
	}
	slices.Sort(over)
	return strings.Join(over, "; ")
}
