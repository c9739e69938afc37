// Package pollertest is the one suite of tests that every poller passes: the contract of
// pollux.Poller. The pollers of all systems take it, those that only tests use (package pollers),
// and the models of kqueue.
//
//	func TestContract(t *testing.T) {
//		pollertest.Run(t, pollertest.Backend{Name: "park", Traits: pollertest.System(), Open: open})
//	}
package pollertest

import (
	"errors"
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/polluxio/pollux"
	"github.com/polluxio/pollux/internal/pollers"
)

// patience limits the wait for an event that must happen.
const patience = 10 * time.Second

// A Backend is a poller under test.
type Backend struct {
	Name   string
	Traits Traits
	Open   func() (pollers.Poller, error)
}

// Traits are where pollers may differ: the table of pollux.Poller.
type Traits struct {
	Replaces bool // to add what is there already replaces the registration; else EEXIST
	Files    bool // a plain file can be added; else an error
	NoUrgent bool // urgent data is not reported as such
	NoHangup bool // select(2) reports the end as Readable alone
	Deaf     bool // a socket that listens after Add must be added again

	// Unconnected is what Wait reports of a TCP socket that is not connected.
	Unconnected    pollux.Ready
	AnyUnconnected bool // this depends on the system
}

// System returns the traits of this system's own poller.
func System() Traits {
	return map[string]Traits{
		"linux":     {Unconnected: HungUp},
		"darwin":    {Replaces: true, Files: true, AnyUnconnected: true},
		"dragonfly": {Replaces: true, Files: true, AnyUnconnected: true},
		"freebsd":   {Replaces: true, Files: true, NoUrgent: true, AnyUnconnected: true},
		"netbsd":    {Replaces: true, Files: true, NoUrgent: true, AnyUnconnected: true, Deaf: true},
		"openbsd":   {Replaces: true, Files: true, AnyUnconnected: true, Deaf: true},
	}[runtime.GOOS]
}

// HungUp is the readiness of a descriptor of which neither direction is usable.
const HungUp = pollux.Readable | pollux.Writable | pollux.Hangup

type promise struct {
	name string
	test func(*testing.T, opener)
}

// promises lists the tests.
var promises = []promise{
	{"ready when added", testReadyWhenAdded},
	{"readable once for each arrival", testReadableOnceForEachArrival},
	{"arrivals told as one", testArrivalsToldAsOne},
	{"writable once there is room again", testWritableOnceThereIsRoomAgain},
	{"arm tells nothing new", testArmTellsNothingNew},
	{"mute", testMute},
	{"hang-up", testHangup},
	{"hang-up of a pipe", testHangupOfPipe},
	{"hang-up after data", testHangupAfterData},
	{"connect", testConnect},
	{"not connected, and then listening", testListensLater},
	{"urgent", testUrgent},

	{"wake before wait", testWakeBeforeWait},
	{"wake during wait", testWakeDuringWait},
	{"wakes told as one", testWakesToldAsOne},
	{"wake from many goroutines", testWakeFromManyGoroutines},
	{"wake among many", testWakeAmongMany},

	{"add during wait", testAddDuringWait},
	{"deleted is silent", testDeletedIsSilent},
	{"delete during wait", testDeleteDuringWait},
	{"closed and used again during wait", testClosedAndUsedAgain},
	{"add again", testAddAgain},
	{"errors", testErrors},
	{"many descriptors", testManyDescriptors},
	{"ten thousand descriptors", testTenThousand},

	{"nothing is lost before arm", testNothingIsLostBeforeArm},
}

// promisesOfOneShot lists the tests that are for one-shot pollers alone.
var promisesOfOneShot = []promise{
	{"an event uses up its direction", testUsedUp},
	{"arm reports what is there", testArmReports},
	{"arm twice", testArmTwice},
	{"arm during wait", testArmDuringWait},
	{"errors of arm", testArmErrors},
}

// Run runs the whole suite on each of the pollers.
func Run(t *testing.T, backends ...Backend) {
	for _, b := range backends {
		t.Run(b.Name, func(t *testing.T) {
			open := b.opener()
			for _, promise := range promises {
				t.Run(promise.name, func(t *testing.T) { promise.test(t, open) })
			}
			if !open(t).OneShot() {
				return
			}
			for _, promise := range promisesOfOneShot {
				t.Run(promise.name, func(t *testing.T) { promise.test(t, open) })
			}
		})
	}
}

// Wakes runs the part of the suite that is about Wake and needs no descriptors: for a poller whose
// events a test makes up.
func Wakes(t *testing.T, b Backend) {
	t.Run("wake before wait", func(t *testing.T) { testWakeBeforeWait(t, b.opener()) })
	t.Run("wake during wait", func(t *testing.T) { testWakeDuringWait(t, b.opener()) })
	t.Run("wake from many goroutines", func(t *testing.T) { testWakeFromManyGoroutines(t, b.opener()) })
}

// An opener returns a poller that is closed with the test.
type opener func(t *testing.T) *Poller

func (b Backend) opener() opener {
	return func(t *testing.T) *Poller {
		t.Helper()
		p, err := b.Open()
		if errors.Is(err, errors.ErrUnsupported) {
			t.Skipf("%v: a backend for %s lifts this skip", err, runtime.GOOS)
		}
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			if err := p.Close(); err != nil {
				t.Errorf("Close: %v", err)
			}
		})
		return &Poller{Poller: p, Traits: b.Traits}
	}
}

// A Poller also knows the descriptor of each token.
type Poller struct {
	pollers.Poller
	Traits
	fds sync.Map // pollux.Token: int
}

// Add is Poller.Add.
func (p *Poller) Add(fd int, token pollux.Token) error {
	p.fds.Store(token, fd)
	return p.Poller.Add(fd, token)
}

// hangup returns want as this poller reports it.
func (p *Poller) hangup(want pollux.Ready) pollux.Ready {
	if p.NoHangup {
		want &^= pollux.Hangup
	}
	return want
}

// Waiting makes one Wait on a goroutine of its own, and returns a channel for its result.
func Waiting(p pollers.Poller, events []pollux.Event, timeout time.Duration) <-chan Waited {
	ch := make(chan Waited, 1)
	go func() {
		n, err := p.Wait(events, timeout)
		ch <- Waited{n, err}
	}()
	return ch
}

// Waited is the result of one Wait.
type Waited struct {
	N   int
	Err error
}

// End returns what Waiting found.
func End(t *testing.T, ch <-chan Waited) (n int) {
	t.Helper()
	select {
	case w := <-ch:
		if w.Err != nil {
			t.Fatalf("Wait: %v", w.Err)
		}
		return w.N
	case <-time.After(patience):
		t.Fatal("Wait does not return")
	}
	return 0
}

// look makes Waits with a timeout of zero, and returns the present events by token.
func look(t *testing.T, p *Poller) map[pollux.Token]pollux.Ready {
	t.Helper()
	told := make(map[pollux.Token]pollux.Ready)
	events := make([]pollux.Event, 64)
	for {
		n, err := p.Wait(events, 0)
		if err != nil {
			t.Fatal(err)
		}
		for _, ev := range events[:n] {
			told[ev.Token] |= ev.Ready
		}
		if n == 0 {
			return told
		}
	}
}

// await waits until all of want was reported for token, and returns everything that was reported.
// On a one-shot poller it first asks for want, as a user does before each wait.
func await(t *testing.T, p *Poller, token pollux.Token, want pollux.Ready) (told pollux.Ready) {
	t.Helper()
	p.arm(t, token, want)
	gather(t, p, func(ev pollux.Event) bool {
		if ev.Token == token {
			told |= ev.Ready
		}
		return told&want == want
	}, func() { t.Fatalf("token %#x: told %v, want %v", token, told, want) })
	return told
}

// gather makes Waits and passes their events to enough, until that returns true for the last event
// of a Wait. After patience it calls missing.
func gather(t *testing.T, p *Poller, enough func(pollux.Event) bool, missing func()) {
	t.Helper()
	events := make([]pollux.Event, 64)
	for deadline := time.Now().Add(patience); ; {
		n, err := p.Wait(events, max(time.Until(deadline), 0))
		if err != nil {
			t.Fatal(err)
		}
		is := false
		for _, ev := range events[:n] {
			is = enough(ev) || is
		}
		if is {
			return
		}
		if time.Now().After(deadline) {
			missing()
			return
		}
	}
}

// arm asks a one-shot poller for want again.
func (p *Poller) arm(t *testing.T, token pollux.Token, want pollux.Ready) {
	t.Helper()
	if !p.OneShot() {
		return
	}
	fd, ok := p.fds.Load(token)
	if !ok {
		t.Fatalf("token %#x was not added", token)
	}
	if err := p.Arm(fd.(int), token, want); err != nil {
		t.Fatal(err)
	}
}
