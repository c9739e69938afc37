package pollux

import (
	"os"
	"runtime"
	"runtime/metrics"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// patience is how long a test waits for what has to happen.
const patience = 10 * time.Second

func newBackend(t *testing.T) *backend {
	t.Helper()
	b := new(backend)
	if err := b.open(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := b.close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	return b
}

// within runs f on a goroutine of its own, and fails the test if it does not return.
func within(t *testing.T, what string, f func()) {
	t.Helper()
	over := make(chan struct{})
	go func() { defer close(over); f() }()
	select {
	case <-over:
	case <-time.After(patience):
		t.Fatalf("%s does not end", what)
	}
}

// shortWait is a wait that something has come for already.
func shortWait(t *testing.T, b *backend) {
	t.Helper()
	if err := b.wake(); err != nil {
		t.Error(err)
	}
	if _, err := b.wait(make([]Event, batch), -1); err != nil {
		t.Error(err)
	}
}

// holding has short waits until the poller holds. On a machine that is busy it may find others to be busy first, and wait.
func holding(t *testing.T, b *backend) {
	t.Helper()
	within(t, "the time until the poller holds", func() {
		for !b.hold.on {
			shortWait(t, b)
		}
	})
}

// guardless has the guard fire never, so that what ends a wait is something else.
func guardless(t *testing.T, b *backend) {
	t.Helper()
	for {
		holding(t, b)
		if err := unix.TimerfdSettime(b.guardfd, 0, new(unix.ItimerSpec), nil); err != nil {
			t.Fatal(err)
		}
		// It may have fired before.
		if _, err := b.wait(make([]Event, batch), 0); err != nil {
			t.Fatal(err)
		}
		if b.hold.on {
			return
		}
	}
}

// eventfds registers n descriptors that become readable by notify.
func eventfds(t *testing.T, b *backend, n int) (fds []int) {
	t.Helper()
	for i := range n {
		fd, err := unix.Eventfd(0, unix.EFD_CLOEXEC|unix.EFD_NONBLOCK)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { unix.Close(fd) })
		if err := b.add(fd, MakeToken(uint32(i), 1)); err != nil {
			t.Fatal(err)
		}
		fds = append(fds, fd)
	}
	return fds
}

func TestHoldPenalty(t *testing.T) {
	for _, tt := range []struct {
		name           string
		before         hold
		penalty, short int
	}{
		{"no traffic", hold{on: true, short: briskFrom}, penaltyMin, -penaltyMin},
		{"hardly any", hold{on: true, short: briskFrom, events: busyFrom}, penaltyMin, -penaltyMin},
		{"no traffic again", hold{on: true, short: briskFrom, penalty: penaltyMin}, 4 * penaltyMin, -4 * penaltyMin},
		{"a small rest", hold{on: true, short: briskFrom, penalty: 1}, penaltyMin, -penaltyMin},
		{"the most", hold{on: true, short: briskFrom, penalty: penaltyMost}, penaltyMost, -penaltyMost},
		{"traffic", hold{on: true, short: briskFrom, events: busyFrom + 1}, 0, briskFrom},
		{"traffic after a penalty", hold{on: true, short: briskFrom, events: busyFrom + 1, penalty: penaltyMost}, penaltyMost / 2, briskFrom},
		{"fired after the end", hold{short: -7, penalty: penaltyMin}, penaltyMin, -7},
	} {
		t.Run(tt.name, func(t *testing.T) {
			h := tt.before
			if h.on {
				holders.Add(1)
			}
			defer h.end()
			if h.over(); h.on || h.penalty != tt.penalty || h.short != tt.short {
				t.Errorf("%+v becomes %+v; want penalty %d, short %d", tt.before, h, tt.penalty, tt.short)
			}
		})
	}
}

func TestHoldBegins(t *testing.T) {
	b := newBackend(t)
	for i := range briskFrom {
		if shortWait(t, b); b.hold.on {
			t.Fatalf("the poller holds after %d waits", i+1)
		}
	}
	holding(t, b)
}

func TestHoldEndsWithTraffic(t *testing.T) {
	b := newBackend(t)
	holding(t, b)
	within(t, "a wait for nothing", func() {
		// Early returns are legal.
		for b.hold.on {
			if n, err := b.wait(make([]Event, 1), -1); n != 0 || err != nil {
				t.Errorf("wait: %d, %v", n, err)
			}
		}
	})
	if b.hold.penalty < penaltyMin || b.hold.short != -b.hold.penalty {
		t.Errorf("after a hold without traffic: %+v", b.hold)
	}
	// What is left of the penalty is not for ever.
	holding(t, b)
}

// The guard is told, however many others there are and however little room.
func TestHoldEndsAmongEvents(t *testing.T) {
	b := newBackend(t)
	fds := eventfds(t, b, 4)
	holding(t, b)
	within(t, "a hold with traffic", func() {
		for b.hold.on {
			for _, fd := range fds {
				notify(fd)
			}
			if _, err := b.wait(make([]Event, 1), -1); err != nil {
				t.Error(err)
			}
		}
	})
}

// A crowd makes a wait as short as any, and the traffic goes on though there are few waits until the guard fires.
func TestHoldWithCrowds(t *testing.T) {
	b := newBackend(t)
	fds := eventfds(t, b, 2*crowdFrom)
	crowd := func() {
		t.Helper()
		for _, fd := range fds {
			if err := notify(fd); err != nil {
				t.Fatal(err)
			}
		}
		// After a signal it is made again.
		for n := 0; n == 0; {
			var err error
			if n, err = b.wait(make([]Event, batch), -1); err != nil {
				t.Fatal(err)
			}
		}
	}
	b.hold = hold{short: -penaltyMin, penalty: penaltyMin}
	if crowd(); b.hold.short != -penaltyMin+1 {
		t.Errorf("many events make a penalty of %d waits one of %d", penaltyMin, -b.hold.short)
	}
	b.hold = hold{}
	within(t, "a hold", func() {
		for !b.hold.on {
			crowd()
		}
	})
	crowd()
	b.hold.over()
	if b.hold.on || b.hold.short < briskFrom || b.hold.penalty != 0 {
		t.Errorf("the guard after one wait that found many: %+v, want another hold soon", b.hold)
	}
}

// Between crowds others are let run, if not before each wait.
func TestOthersRunAmongCrowds(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	b := newBackend(t)
	fds := eventfds(t, b, 2*crowdFrom)
	crowd := func() int {
		t.Helper()
		for _, fd := range fds {
			if err := notify(fd); err != nil {
				t.Fatal(err)
			}
		}
		n, err := b.wait(make([]Event, batch), -1)
		if err != nil {
			t.Fatal(err)
		}
		if !b.hold.on {
			t.Fatalf("no hold: %+v", b.hold)
		}
		return n
	}
	guardless(t, b)
	crowd()
	var ran atomic.Bool
	go ran.Store(true)
	for found := 0; !ran.Load(); {
		if found += crowd(); found > crowdMost+len(fds) {
			t.Fatalf("who became ready has not run after %d events", found)
		}
	}
}

// A crowd that does not come leaves nobody waiting. Go's scheduler may let nobody run each 61st time, see letRun.
func TestOthersRunAfterCrowds(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	b := newBackend(t)
	for range 3 {
		guardless(t, b)
		b.hold.crowd, b.hold.served = crowdFrom, 0
		var ran atomic.Bool
		go ran.Store(true)
		if err := b.armTimer(20 * time.Millisecond); err != nil {
			t.Fatal(err)
		}
		if n, err := b.wait(make([]Event, batch), -1); n != 0 || err != nil {
			t.Fatal(n, err)
		}
		if ran.Load() {
			return
		}
		b.hold.end()
	}
	t.Error("who became ready has not run before the wait")
}

func TestWakeDuringHold(t *testing.T) {
	b := newBackend(t)
	guardless(t, b)
	for range 100 {
		over := make(chan error, 1)
		go func() {
			for {
				b.raw[0] = unix.EpollEvent{}
				_, err := b.wait(make([]Event, 1), -1)
				if told := b.raw[0]; err != nil || told.Events != 0 && MakeToken(uint32(told.Fd), uint32(told.Pad)) == wakeToken {
					over <- err
					return
				}
			}
		}()
		if err := b.wake(); err != nil {
			t.Fatal(err)
		}
		select {
		case err := <-over:
			if err != nil {
				t.Fatal(err)
			}
		case <-time.After(patience):
			t.Fatal("Wake does not end a wait that holds")
		}
	}
}

func TestTimeoutDuringHold(t *testing.T) {
	b := newBackend(t)
	guardless(t, b)
	since := time.Now()
	within(t, "a wait with a timeout", func() {
		for armed := false; !armed || !b.armed.IsZero(); armed = true {
			if n, err := b.wait(make([]Event, 1), longWait); n != 0 || err != nil {
				t.Errorf("wait: %d, %v", n, err)
			}
		}
	})
	if took := time.Since(since); took < longWait {
		t.Errorf("a timeout of %v took %v", longWait, took)
	}
}

func TestCloseDuringHold(t *testing.T) {
	open := func() int {
		entries, err := os.ReadDir("/proc/self/fd")
		if err != nil {
			t.Fatal(err)
		}
		return len(entries)
	}
	newBackend(t) // the first makes Go's own poller, which stays
	before := open()
	b := new(backend)
	if err := b.open(); err != nil {
		t.Fatal(err)
	}
	holding(t, b)
	if err := b.close(); err != nil {
		t.Error(err)
	}
	if after := open(); after != before {
		t.Errorf("%d descriptors were open before, %d after", before, after)
	}
	if _, err := b.wait(make([]Event, 1), -1); err == nil {
		t.Error("wait after close: no error")
	}
}

// There, each call of Go's scheduler is two switches of threads; and with one processor there is a call for each wait.
func TestHoldNotOnLockedThread(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	b := newBackend(t)
	const waits = 2000
	held := 0
	within(t, "the traffic", func() {
		runtime.LockOSThread()
		for range waits {
			if shortWait(t, b); b.hold.on {
				held++
			}
		}
	})
	if held > waits/20 {
		t.Errorf("%d of %d waits on a locked thread were held", held, waits)
	}
}

// With more than one processor a hold leaves Go's scheduler alone: it notes how long each eighth goroutine was ready before it ran.
func TestHoldLeavesSchedulerAlone(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(2))
	b := newBackend(t)
	noted := func() (n uint64) {
		sample := []metrics.Sample{{Name: "/sched/latencies:seconds"}}
		metrics.Read(sample)
		for _, count := range sample[0].Value.Float64Histogram().Counts {
			n += count
		}
		return n
	}
	guardless(t, b)
	before := noted()
	const waits = 4000
	within(t, "the traffic", func() {
		for range waits {
			shortWait(t, b)
		}
	})
	if n := noted() - before; n > waits/8/4 {
		t.Errorf("a goroutine was scheduled about %d times in %d waits", 8*n, waits)
	}
}

// Who waits in Go's own poller is ready after a look, and has not to wait for sysmon.
func TestLookElsewhere(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	b := newBackend(t)
	fd, err := unix.Eventfd(0, unix.EFD_CLOEXEC|unix.EFD_NONBLOCK)
	if err != nil {
		t.Fatal(err)
	}
	f := os.NewFile(uintptr(fd), "eventfd")
	defer f.Close()
	var reads atomic.Int32
	const times = 200
	over := make(chan struct{})
	go func() {
		defer close(over)
		var counter [8]byte
		for range times {
			if _, err := f.Read(counter[:]); err != nil {
				t.Error(err)
			}
			reads.Add(1)
		}
	}()
	letRun := func() {
		for range 3 { // each 61st time, the scheduler takes another turn
			runtime.Gosched()
		}
	}
	late := 0
	for i := range int32(times) {
		letRun()
		if err := notify(fd); err != nil {
			t.Fatal(err)
		}
		b.elsewhere.look()
		if letRun(); reads.Load() <= i {
			late++
			within(t, "the read", func() {
				for reads.Load() <= i {
					runtime.Gosched()
				}
			})
		}
	}
	<-over
	if late > times/10 {
		t.Errorf("%d of %d reads had to wait", late, times)
	}
}
