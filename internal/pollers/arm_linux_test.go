package pollers

import (
	"testing"
	"time"

	"github.com/polluxio/pollux"
	"golang.org/x/sys/unix"
)

// The part of the contract that only one-shot pollers have, see pollux.Poller.Arm. The rest is
// tested in the root.

const patience = 10 * time.Second

var mine = pollux.MakeToken(5, 2)

// onEach runs a test over both pollers, each with one end of a connected pair of sockets added.
func onEach(t *testing.T, test func(t *testing.T, p Poller, a, b int)) {
	for _, kind := range []struct {
		name string
		open func() (Poller, error)
	}{{"oneshot", OneShot}, {"poll", Poll}} {
		t.Run(kind.name, func(t *testing.T) {
			p, err := kind.open()
			if err != nil {
				t.Fatal(err)
			}
			defer p.Close()
			fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
			if err != nil {
				t.Fatal(err)
			}
			defer unix.Close(fds[0])
			defer unix.Close(fds[1])
			if err := p.Add(fds[0], mine); err != nil {
				t.Fatal(err)
			}
			test(t, p, fds[0], fds[1])
		})
	}
}

// next is what the next event reports; 0 without an event within the timeout.
func next(t *testing.T, p Poller, timeout time.Duration) pollux.Ready {
	t.Helper()
	events := make([]pollux.Event, 4)
	for end := time.Now().Add(timeout); ; {
		n, err := p.Wait(events, max(time.Until(end), 0))
		if err != nil || n > 1 {
			t.Fatalf("Wait: %d, %v", n, err)
		}
		if n == 1 {
			return events[0].Ready
		}
		if !time.Now().Before(end) {
			return 0
		}
	}
}

func expect(t *testing.T, p Poller, want pollux.Ready, when string) {
	t.Helper()
	timeout := patience
	if want == 0 {
		timeout = 0
	}
	if got := next(t, p, timeout); got != want {
		t.Fatalf("%s: got %v, want %v", when, got, want)
	}
}

func arm(t *testing.T, p Poller, fd int, want pollux.Ready) {
	t.Helper()
	if err := p.Arm(fd, mine, want); err != nil {
		t.Fatal(err)
	}
}

func send(t *testing.T, fd int) {
	t.Helper()
	if _, err := unix.Write(fd, []byte("x")); err != nil {
		t.Fatal(err)
	}
}

func TestEventUsesUpItsDirection(t *testing.T) {
	onEach(t, func(t *testing.T, p Poller, a, b int) {
		expect(t, p, pollux.Writable, "added")
		expect(t, p, 0, "not armed")
		send(t, b)
		expect(t, p, pollux.Readable, "Add asked for this direction too")
		send(t, b)
		expect(t, p, 0, "used up, and more has come")
		arm(t, p, a, pollux.Writable)
		expect(t, p, pollux.Writable, "only this one is armed")
	})
}

// Arm is level-triggered: what came since the event, or was left, is reported at once.
func TestArmReportsWhatIsThere(t *testing.T) {
	onEach(t, func(t *testing.T, p Poller, a, b int) {
		send(t, b)
		expect(t, p, pollux.Readable|pollux.Writable, "added")
		for range 3 {
			arm(t, p, a, pollux.Readable)
			expect(t, p, pollux.Readable, "armed, and nothing was read")
		}
		if n, err := unix.Read(a, make([]byte, 8)); n != 1 || err != nil {
			t.Fatalf("read: %d, %v", n, err)
		}
		send(t, b) // between the attempt and Arm
		arm(t, p, a, pollux.Readable)
		expect(t, p, pollux.Readable, "it came before Arm")
	})
}

func TestArmTwice(t *testing.T) {
	onEach(t, func(t *testing.T, p Poller, a, b int) {
		expect(t, p, pollux.Writable, "added")
		arm(t, p, a, pollux.Readable)
		arm(t, p, a, pollux.Readable)
		send(t, b)
		expect(t, p, pollux.Readable, "armed twice")
		expect(t, p, 0, "reported once")
	})
}

// A wait that has begun is ended by what is armed during it.
func TestArmDuringWait(t *testing.T) {
	onEach(t, func(t *testing.T, p Poller, a, b int) {
		expect(t, p, pollux.Writable, "added")
		got := make(chan pollux.Ready)
		go func() {
			events := make([]pollux.Event, 1)
			for n := 0; n == 0; {
				var err error
				if n, err = p.Wait(events, patience); err != nil {
					t.Error(err)
					break
				}
			}
			got <- events[0].Ready
		}()
		arm(t, p, a, pollux.Writable)
		select {
		case r := <-got:
			if r != pollux.Writable {
				t.Errorf("got %v", r)
			}
		case <-time.After(patience):
			t.Fatal("Arm does not reach a wait")
		}
	})
}

func TestArmErrors(t *testing.T) {
	onEach(t, func(t *testing.T, p Poller, a, b int) {
		if err := p.Arm(b, mine, pollux.Readable); err == nil {
			t.Error("a descriptor that was not added was armed")
		}
		if err := p.Arm(a, mine+1, pollux.Readable); err == nil {
			t.Error("a descriptor was armed under another token")
		}
	})
}
