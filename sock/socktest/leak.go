package socktest

import (
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

// longest limits the time of a whole test. It covers every wait of the test.
var longest = patience(60 * time.Second)

// Check makes t fail if the test leaves goroutines, descriptors, or registrations on the loops of
// the default reactor. It stops a test that hangs. It skips the test on a system without a poller
// in pollux. Call it first. The test cannot be parallel.
func Check(t testing.TB) {
	t.Helper()
	r, err := loop.Default()
	if errors.Is(err, errors.ErrUnsupported) {
		t.Skipf("no sockets: %v: write its poller", err)
	}
	Must(t, err)
	warmUp(r)

	stuck := time.AfterFunc(longest, func() {
		panic(fmt.Sprintf("%s: no end within %v\n%s", t.Name(), longest, stacks()))
	})
	before := take(r)
	t.Cleanup(func() {
		stuck.Stop()
		if t.Failed() || t.Skipped() {
			return // the test may have stopped anywhere
		}
		var after holdings
		if !await(func() bool { after = take(r); return after.within(before) || after.forgetsPipes(before) }) {
			t.Errorf("left behind: %s\n%s", after.beyond(before), stacks())
		}
	})
}

// warm is done once the process has what it makes on first need and keeps.
var warm sync.Once

// warmUp makes the descriptors of the runtime's own poller, and waits until each loop of the
// default reactor runs: a loop has a goroutine that watches over it.
func warmUp(r *loop.Reactor) {
	warm.Do(func() {
		if r, w, err := os.Pipe(); err == nil {
			r.Close()
			w.Close()
		}
		for _, l := range r.Loops() {
			running := make(chan struct{})
			if l.Post(func() { close(running) }) == nil {
				<-running
			}
		}
	})
}

// holdings are the resources of a process at one time.
type holdings struct {
	goroutines  int
	descriptors map[string]string // descriptions by number; empty if the system does not list them
	registered  int               // number of registrations on loops
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

// beyond describes the resources in h that before does not have.
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
