package pollux

import (
	"bytes"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// A poller that holds the only processor does not starve the others: neither while there is traffic, nor when it has ended.

// A lively poller has traffic until it holds and then none until it is told to go on: the worst for all others.
type lively struct {
	b      *backend
	over   atomic.Bool
	rounds atomic.Int32 // told to begin
	held   atomic.Int32 // rounds in which it held in the end
	done   chan struct{}
}

// livelyWaits is the traffic of a round, if the poller does not hold: more than the longest penalty.
const livelyWaits = penaltyMost + 2*briskFrom

func (l *lively) run(t *testing.T) {
	defer close(l.done)
	events := make([]Event, 1)
	for round := int32(1); !l.over.Load(); round++ {
		for i := 0; i < livelyWaits && !l.b.hold.on; i++ {
			shortWait(t, l.b)
		}
		if l.b.hold.on {
			l.held.Add(1)
		}
		for l.rounds.Load() < round && !l.over.Load() {
			if _, err := l.b.wait(events, -1); err != nil {
				t.Error(err)
				return
			}
		}
	}
}

func (l *lively) next() {
	l.rounds.Add(1)
	l.b.wake()
}

// timer is a descriptor of the system's, which needs no processor of Go's to expire.
func timer(t *testing.T, flags int) int {
	t.Helper()
	fd, err := unix.TimerfdCreate(unix.CLOCK_MONOTONIC, unix.TFD_CLOEXEC|flags)
	if err != nil {
		t.Fatal(err)
	}
	return fd
}

func expire(t *testing.T, fd int, after time.Duration) {
	t.Helper()
	if err := unix.TimerfdSettime(fd, 0, &unix.ItimerSpec{Value: unix.NsecToTimespec(int64(after))}, nil); err != nil {
		t.Error(err)
	}
}

// Go's sysmon would signal to a thread that is in a system call for 10 ms and has not told of it. What bounds a hold is the guard, so
// all is done once more without that.
func TestOthersRunWithoutPreemption(t *testing.T) {
	cmd := exec.Command(os.Args[0], "-test.run=^TestOthersRunBesideHold$", "-test.v")
	cmd.Env = append(os.Environ(), "GODEBUG=asyncpreemptoff=1")
	if out, err := cmd.CombinedOutput(); err != nil || !bytes.Contains(out, []byte("--- PASS: TestOthersRunBesideHold ")) {
		t.Errorf("%v\n%s", err, out)
	}
}

func TestOthersRunBesideHold(t *testing.T) {
	for _, tt := range []struct {
		name string
		hold bool // the poller can: nobody is always ready
		make func(t *testing.T) (step func())
	}{
		{"sleep", true, func(t *testing.T) func() {
			return func() { time.Sleep(time.Millisecond) }
		}},
		{"blocking system call", true, func(t *testing.T) func() {
			fd := timer(t, 0)
			t.Cleanup(func() { unix.Close(fd) })
			return func() {
				expire(t, fd, time.Millisecond)
				var expiries [8]byte
				for {
					if _, err := unix.Read(fd, expiries[:]); err != unix.EINTR {
						if err != nil {
							t.Error(err)
						}
						return
					}
				}
			}
		}},
		{"Go's own poller", true, func(t *testing.T) func() {
			fd := timer(t, unix.TFD_NONBLOCK)
			f := os.NewFile(uintptr(fd), "timerfd")
			t.Cleanup(func() { f.Close() })
			return func() {
				expire(t, fd, time.Millisecond)
				var expiries [8]byte
				if _, err := f.Read(expiries[:]); err != nil {
					t.Error(err)
				}
			}
		}},
		{"garbage collection", true, func(t *testing.T) func() { return runtime.GC }},
		{"token", false, func(t *testing.T) func() {
			there, back := make(chan int), make(chan int)
			t.Cleanup(func() { close(there) })
			go func() {
				for token := range there {
					back <- token
				}
			}()
			return func() {
				for since := time.Now(); time.Since(since) < 15*time.Millisecond; { // longer than the time that a goroutine has
					there <- 0
					<-back
				}
			}
		}},
		{"hog", false, func(t *testing.T) func() {
			return func() {
				for range 200_000 {
					work.Add(1)
				}
				runtime.Gosched()
			}
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
			const (
				rounds = 10
				steps  = 5           // of a round
				most   = time.Second // of a step: very much more than holdMost
			)
			step := tt.make(t)
			l := &lively{b: newBackend(t), done: make(chan struct{})}
			go l.run(t)
			var longest time.Duration
			within(t, "the steps", func() {
				for range rounds {
					for range steps {
						since := time.Now()
						step()
						longest = max(longest, time.Since(since))
					}
					l.next()
				}
			})
			l.over.Store(true)
			l.b.wake()
			within(t, "the poller", func() { <-l.done })
			if longest > most {
				t.Errorf("a step took %v", longest)
			}
			if held := l.held.Load(); tt.hold && held == 0 {
				t.Error("the poller never held")
			}
		})
	}
}

var work atomic.Int64

// Two hogs and traffic: the poller goes on too, and has given holding up.
func TestHoldNotBesideHogs(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	b := newBackend(t)
	holding(t, b)
	var over atomic.Bool
	var hogs sync.WaitGroup
	begun := make(chan struct{}, 2)
	for range 2 {
		hogs.Go(func() {
			begun <- struct{}{}
			for !over.Load() {
				work.Add(1)
			}
		})
	}
	<-begun
	<-begun
	within(t, "traffic beside hogs", func() {
		for b.hold.short >= 0 {
			shortWait(t, b)
		}
		for range penaltyMin {
			if shortWait(t, b); b.hold.on {
				t.Error("the poller holds before the end of its penalty")
				return
			}
		}
	})
	over.Store(true)
	hogs.Wait()
}

// While traffic goes on, and the poller holds, Go's own poller is asked each time that the guard has fired. If only sysmon asked it, that
// would be each 10 ms at best. A machine that is busy makes it look later, and so it has three tries.
func TestGoPollerDuringTraffic(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	const most = 3 * holdMost
	var middle time.Duration
	for range 3 {
		if middle = goPollerDuringTraffic(t); middle <= most {
			return
		}
		t.Logf("half of the reads took more than %v", middle)
	}
	t.Errorf("half of the reads took more than %v, want %v at most", middle, most)
}

// goPollerDuringTraffic is how long half of the reads by Go's own poller take.
func goPollerDuringTraffic(t *testing.T) time.Duration {
	b := newBackend(t)
	clock := timer(t, unix.TFD_NONBLOCK)
	defer unix.Close(clock)
	if err := b.add(clock, MakeToken(0, 1)); err != nil {
		t.Fatal(err)
	}
	var over atomic.Bool
	done := make(chan struct{})
	go func() {
		defer close(done)
		events := make([]Event, 1)
		for !over.Load() {
			expire(t, clock, briskWait/4)
			if _, err := b.wait(events, -1); err != nil {
				t.Error(err)
				return
			}
		}
	}()
	other := timer(t, unix.TFD_NONBLOCK)
	f := os.NewFile(uintptr(other), "timerfd")
	defer f.Close()
	var took []time.Duration
	within(t, "reading beside traffic", func() {
		for range 51 {
			expire(t, other, time.Millisecond)
			since := time.Now()
			var expiries [8]byte
			if _, err := f.Read(expiries[:]); err != nil {
				t.Error(err)
			}
			took = append(took, time.Since(since))
		}
	})
	over.Store(true)
	within(t, "the traffic", func() { <-done })
	slices.Sort(took)
	return took[len(took)/2]
}

// When each processor is held by a poller, who is made ready during their traffic is let run by them, and need not wait for a guard.
func TestOthersRunBesideManyHolds(t *testing.T) {
	const procs = 2
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(procs))
	var over atomic.Bool
	var others sync.WaitGroup
	heldWait := func(b *backend) { // however busy the machine is
		if !b.hold.on && b.armGuard() {
			b.hold.begin()
		}
		shortWait(t, b)
	}
	for range procs - 1 {
		b := newBackend(t)
		others.Go(func() {
			for !over.Load() {
				heldWait(b)
			}
		})
	}
	b := newBackend(t)
	asked, answered := make(chan struct{}), new(atomic.Int32)
	others.Go(func() {
		for range asked {
			answered.Add(1)
		}
	})
	var waits []int
	within(t, "the traffic", func() {
		for i := int32(1); i <= 101; i++ {
			for heldWait(b); holders.Load() < procs; {
				heldWait(b)
			}
			asked <- struct{}{}
			n := 0
			for ; answered.Load() < i; n++ {
				heldWait(b)
			}
			waits = append(waits, n)
		}
	})
	over.Store(true)
	close(asked)
	others.Wait()
	slices.Sort(waits)
	if middle := waits[len(waits)/2]; middle > lookEvery {
		t.Errorf("half of the answers took more than %d waits, want %d at most", middle, lookEvery)
	}
}

// On the only processor, whom a callback has made ready runs before a wait that may be long: nobody else could run him, but sysmon. Now and
// then the runtime has work of its own to be done first; mostly it has not.
func TestReadyRunBeforeWait(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	for _, timeout := range []time.Duration{-1, time.Millisecond, time.Hour} {
		const tries = 20
		missed := 0
		for range tries {
			b := newBackend(t)
			for range briskFrom { // then it holds, and does so once before each wait, of which each 61st comes to nothing
				var ran atomic.Bool
				go ran.Store(true)
				if err := b.wake(); err != nil {
					t.Fatal(err)
				}
				if _, err := b.wait(make([]Event, 1), timeout); err != nil {
					t.Fatal(err)
				}
				if !ran.Load() && b.hold.short >= 0 { // below: it has found somebody with much to do
					missed++
				}
			}
		}
		if missed > tries*briskFrom/8 {
			t.Errorf("timeout %v: in %d of %d waits who was ready has not run", timeout, missed, tries*briskFrom)
		}
	}
}
