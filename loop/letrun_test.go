package loop

import (
	"context"
	"runtime"
	"sync/atomic"
	"testing"
	"time"

	"github.com/polluxio/pollux"
)

// Those that were woken run before the loop waits, but a hog, which always has more to do, is let run once.
func TestHogIsLetRunOnce(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	var bursts atomic.Int32
	var over atomic.Bool
	gone := make(chan struct{})
	go func() {
		defer close(gone)
		for !over.Load() {
			for since := time.Now(); time.Since(since) < 100*hogged; {
			}
			bursts.Add(1)
			runtime.Gosched()
		}
	}()
	for bursts.Load() == 0 {
		runtime.Gosched()
	}
	l := &Loop{woke: 1}
	before := bursts.Load()
	l.letRun()
	if n := bursts.Load() - before; n > 2 {
		t.Errorf("the hog had the processor for %d bursts, want 1", n)
	}
	over.Store(true)
	select {
	case <-gone:
	case <-time.After(soon):
		t.Error("the hog does not end")
	}
}

// Of many that were woken, all run: more than Go's scheduler runs in one call.
func TestWokenAreLetRun(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	const woken = 200
	for range 20 {
		var ran atomic.Int32
		for range woken {
			go func() {
				for since := time.Now(); time.Since(since) < alone; {
				}
				ran.Add(1)
			}()
		}
		l := new(Loop)
		for range 2 { // the first may end at once: each 61st time, the scheduler looks for the loop first
			l.woke = 1000 * woken // so that no time which the system takes for others makes hogs of them
			l.letRun()
		}
		if n := ran.Load(); n != woken {
			t.Fatalf("%d of %d ran", n, woken)
		}
	}
}

// Whom an event has woken is let run before the next wait, whichever way he waits; for a future that no goroutine waits for nobody is.
func TestWhoWaitsIsWoken(t *testing.T) {
	for _, tt := range []struct {
		name string
		wait func(*FD, *Op)
		want int
	}{
		{"Do", func(fd *FD, o *Op) { fd.Do(nil, o) }, 1},
		{"a future", func(fd *FD, o *Op) { Start(fd, nil, o, new(int)).Wait(context.Background()) }, 1},
		{"nobody", func(fd *FD, o *Op) { Start(fd, nil, o, new(int)) }, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := newStage(t)
			fd, over := s.joined(), make(chan struct{})
			go func() {
				defer close(over)
				tt.wait(fd, &Op{Attempt: &play{parts: []part{again, done}}, Deadline: never})
			}()
			until(t, "it waits", func() bool {
				fd.mu.Lock()
				defer fd.mu.Unlock()
				o := fd.first(Read)
				return o != nil && (o.future == nil || o.future.isParked() == (tt.want == 1))
			})
			s.turn(s.ready(fd, pollux.Readable))
			if s.woke != tt.want {
				t.Errorf("%d were woken, want %d", s.woke, tt.want)
			}
			receive(t, "the end of the wait", over)
		})
	}
}

// Nor need they wait until a loop that is always busy has nothing to do.
func TestWokenAreLetRunByABusyLoop(t *testing.T) {
	s := newStage(t)
	fd := s.joined()
	over := s.goDo(context.Background(), fd, &Op{Attempt: &play{parts: []part{again, done}}, Deadline: never})
	busy := true
	s.Go(func(task *Task) {
		for busy {
			task.Yield()
		}
	})
	s.turn()
	s.turn(s.ready(fd, pollux.Readable))
	s.turn()
	if s.woke != 0 || s.p.lastWait() != 0 {
		t.Errorf("%d were woken and not let run; the last wait was %v, want one of 0", s.woke, s.p.lastWait())
	}
	receive(t, "the end of the wait", over)
	busy = false
	s.turns()
}
