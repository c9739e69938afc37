package pollertest

import (
	"testing"
	"time"

	"github.com/polluxio/pollux"
)

// What pollux.Poller.Arm promises. Nothing is lost between an attempt and Arm on any poller; the
// rest is for one-shot ones.

// Data that comes between an attempt that found nothing and Arm is not lost.
func testNothingIsLostBeforeArm(t *testing.T, open opener) {
	p := open(t)
	a, b := Pair(t)
	add(t, p, a, mine)
	const bytes = 2000
	done := make(chan struct{})
	defer func() { <-done }()
	go func() {
		defer close(done)
		for sent, limit := 0, newDeadline(); sent < bytes && !limit.over(); {
			if n, err := send(b, "x"); err == nil {
				sent += n
			}
		}
	}()
	buf := make([]byte, 64)
	events := make([]pollux.Event, 4)
	for got, limit := 0, newDeadline(); got < bytes; {
		n, err := receive(a, buf)
		if err == nil {
			got += n
			continue
		}
		if err != errAgain {
			t.Fatal(err)
		}
		p.arm(t, mine, pollux.Readable)
		if _, err := p.Wait(events, limit.left(false)); err != nil {
			t.Fatal(err)
		}
		if limit.over() {
			t.Fatalf("%d of %d bytes came: an arrival was lost", got, bytes)
		}
	}
}

// oneShot returns a poller that has one end of a pair.
func oneShot(t *testing.T, open opener) (p *Poller, a, b int) {
	t.Helper()
	p = open(t)
	a, b = Pair(t)
	add(t, p, a, mine)
	return p, a, b
}

// expect waits for one event, with exactly want. A want of 0 is no event.
func expect(t *testing.T, p *Poller, want pollux.Ready, when string) {
	t.Helper()
	if want == 0 {
		quiet(t, p, mine, ^pollux.Ready(0), when)
		return
	}
	gather(t, p, func(ev pollux.Event) bool {
		if ev.Ready != want {
			t.Fatalf("%s: got %v, want %v", when, ev.Ready, want)
		}
		return true
	}, func() { t.Fatalf("%s: got nothing, want %v", when, want) })
}

func testUsedUp(t *testing.T, open opener) {
	p, _, b := oneShot(t, open)
	expect(t, p, pollux.Writable, "added")
	expect(t, p, 0, "not armed")
	write(t, b, "x")
	expect(t, p, pollux.Readable, "Add asked for this direction too")
	write(t, b, "x")
	expect(t, p, 0, "used up, and more has come")
	p.arm(t, mine, pollux.Writable)
	expect(t, p, pollux.Writable, "only this one is armed")
}

// Arm is level-triggered: it reports at once data that came after the event or was left.
func testArmReports(t *testing.T, open opener) {
	p, a, b := oneShot(t, open)
	await(t, p, mine, pollux.Writable)
	expect(t, p, 0, "used up")
	write(t, b, "x")
	expect(t, p, pollux.Readable, "Add asked for it")
	for range 3 {
		p.arm(t, mine, pollux.Readable)
		expect(t, p, pollux.Readable, "armed, and nothing was read")
	}
	if n := read(t, a); n != 1 {
		t.Fatalf("read %d bytes, want 1", n)
	}
	write(t, b, "x") // between the attempt and Arm
	p.arm(t, mine, pollux.Readable)
	expect(t, p, pollux.Readable, "it came before Arm")
}

func testArmTwice(t *testing.T, open opener) {
	p, _, b := oneShot(t, open)
	expect(t, p, pollux.Writable, "added")
	p.arm(t, mine, pollux.Readable)
	p.arm(t, mine, pollux.Readable)
	write(t, b, "x")
	expect(t, p, pollux.Readable, "armed twice")
	expect(t, p, 0, "reported once")
}

// An Arm during a Wait ends the Wait if the descriptor is ready.
func testArmDuringWait(t *testing.T, open opener) {
	p, _, _ := oneShot(t, open)
	expect(t, p, pollux.Writable, "added")
	got := make(chan pollux.Ready, 1)
	go func() {
		events := make([]pollux.Event, 1)
		for n, limit := 0, newDeadline(); n == 0 && !limit.over(); {
			var err error
			if n, err = p.Wait(events, patience); err != nil {
				t.Error(err)
				break
			}
		}
		got <- events[0].Ready
	}()
	p.arm(t, mine, pollux.Writable)
	select {
	case r := <-got:
		if r != pollux.Writable {
			t.Errorf("got %v", r)
		}
	case <-time.After(patience):
		t.Fatal("Arm does not reach a wait")
	}
}

func testArmErrors(t *testing.T, open opener) {
	p, a, b := oneShot(t, open)
	if err := p.Arm(b, mine, pollux.Readable); err == nil {
		t.Error("a descriptor that was not added was armed")
	}
	if err := p.Arm(a, mine+1, pollux.Readable); err == nil {
		t.Error("a descriptor was armed under another token")
	}
}
