package loop

import (
	"errors"
	"math/rand/v2"
	"net"
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/polluxio/pollux"
	"github.com/polluxio/pollux/timeouts"
)

// After many descriptors were used and closed, the process holds none of their resources.

// held counts the system's resources that a process holds.
type held struct{ descriptors, goroutines int }

func holdings(t *testing.T) held {
	t.Helper()
	Default() // it lives as long as the process
	return held{openDescriptors(t), runtime.NumGoroutine()}
}

// nothingLeft closes the reactor and fails if resources of it, or on it, are left.
func nothingLeft(t *testing.T, r *Reactor, before held) {
	t.Helper()
	for i, l := range r.Loops() {
		until(t, "no task is left", func() bool {
			left := make(chan int, 1)
			l.Post(func() { left <- len(l.tasks) })
			return <-left == 0
		})
		if st := l.Stats(); st.Descriptors+st.Timers != 0 {
			t.Errorf("loop %d holds %+v", i, st)
		}
	}
	if leaks := r.Leaks(); len(leaks) != 0 {
		t.Errorf("%d leaks: %v", len(leaks), leaks[0])
	}
	within(t, "Close", func() { r.Close() })
	for deadline := time.Now().Add(soon); runtime.NumGoroutine() > before.goroutines; runtime.Gosched() {
		if time.Now().After(deadline) {
			stacks := make([]byte, 1<<16)
			t.Errorf("%d goroutines, %d were before:\n%s", runtime.NumGoroutine(), before.goroutines, stacks[:runtime.Stack(stacks, true)])
			break
		}
	}
	if after := holdings(t); after.descriptors != before.descriptors {
		t.Errorf("%d descriptors are open, %d were before", after.descriptors, before.descriptors)
	}
}

// twoLoops makes a reactor of two loops on real pollers.
func twoLoops(t *testing.T) *Reactor {
	t.Helper()
	r, err := NewReactor(&Config{Loops: 2, Logger: silent})
	if errors.Is(err, errors.ErrUnsupported) {
		t.Skipf("%v: a backend for %s lifts this skip", err, runtime.GOOS)
	}
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestTenThousandDescriptors(t *testing.T) {
	before := holdings(t)
	r := twoLoops(t)
	all := min(10_000, mostDescriptors(t)-before.descriptors-100)
	if all < 10_000 {
		t.Logf("the limit of open files allows %d", all)
	}

	var mu sync.Mutex
	settled, closed := 0, 0
	count := func(n *int) {
		mu.Lock()
		*n++
		mu.Unlock()
	}
	var fds []*FD
	operations, watched := 0, 0
	for len(fds) < all {
		a, b := sockets(t)
		for _, sysfd := range []int{a, b} {
			fd, l := NewFD(sysfd), r.Next()
			fds = append(fds, fd)
			var err error
			switch rand.IntN(4) {
			case 0:
				watched++
				err = fd.Watch(l, &counter{closed: func() { count(&closed) }})
			case 1:
				operations++
				o := &transfer{Op: Op{Call: Call{Timeout: timeouts.Forever}}, job: job{s: new(stream), want: 1}}
				if rand.IntN(2) == 0 {
					o.Timeout = time.Hour
				}
				o.Attempt = o
				f := Start(fd, l, &o.Op, &o.n)
				f.Then(func(n int, err error) {
					if n != 0 || err != nil && !errors.Is(err, net.ErrClosed) {
						t.Errorf("an operation has come to %d, %v", n, err)
					}
					count(&settled)
				})
			default:
				err = fd.Join(l)
			}
			if err != nil {
				t.Fatal(err)
			}
		}
	}
	used := 0
	for _, l := range r.Loops() {
		used += l.Stats().Descriptors
	}
	if used != len(fds) {
		t.Errorf("%d descriptors are registered, want %d", used, len(fds))
	}

	rand.Shuffle(len(fds), func(i, j int) { fds[i], fds[j] = fds[j], fds[i] })
	const goroutines = 4
	var wg sync.WaitGroup
	for g := range goroutines {
		wg.Go(func() {
			for i := g; i < len(fds); i += goroutines {
				if err := fds[i].Close(); err != nil && !errors.Is(err, net.ErrClosed) {
					t.Errorf("Close: %v", err)
				}
			}
		})
	}
	wg.Wait()
	until(t, "every watcher was called", func() bool {
		mu.Lock()
		defer mu.Unlock()
		return settled >= operations && closed >= watched
	})
	if settled != operations || closed != watched {
		t.Errorf("%d operations were settled %d times; %d watchers told %d times", operations, settled, watched, closed)
	}
	nothingLeft(t, r, before)
}

type counter struct{ closed func() }

func (*counter) Ready(pollux.Ready) {}
func (c *counter) Closed(error)     { c.closed() }
