package pollertest

import (
	"runtime"
	"testing"

	"github.com/polluxio/pollux"
)

// Readiness is reported at its edges: once when a descriptor is added, and then each time that more
// becomes possible.

// mine is the token of the descriptor under test.
var mine = pollux.MakeToken(7, 3)

func add(t *testing.T, p *Poller, fd int, token pollux.Token) {
	t.Helper()
	if err := p.Add(fd, token); err != nil {
		t.Fatal(err)
	}
}

// quiet fails if the poller reports any of bits for token now.
func quiet(t *testing.T, p *Poller, token pollux.Token, bits pollux.Ready, why string) {
	t.Helper()
	if told := look(t, p)[token]; told&bits != 0 {
		t.Errorf("told %v: %s", told, why)
	}
}

func testReadyWhenAdded(t *testing.T, open opener) {
	t.Run("writable", func(t *testing.T) {
		p := open(t)
		a, _ := Pair(t)
		add(t, p, a, mine)
		if told := await(t, p, mine, pollux.Writable); told != pollux.Writable {
			t.Errorf("told %v of an empty socket", told)
		}
	})
	t.Run("readable", func(t *testing.T) {
		p := open(t)
		a, b := Pair(t)
		write(t, b, "x")
		add(t, p, a, mine)
		await(t, p, mine, pollux.Readable|pollux.Writable)
	})
	t.Run("hung up", func(t *testing.T) {
		p := open(t)
		a, b := Pair(t)
		closeFD(b)
		add(t, p, a, mine)
		await(t, p, mine, p.hangup(pollux.Readable|pollux.Hangup))
	})
	t.Run("not at all", func(t *testing.T) {
		p := open(t)
		a, _ := Pair(t)
		fill(t, a)
		add(t, p, a, mine)
		quiet(t, p, mine, ^pollux.Ready(0), "neither direction is ready")
	})
}

func testReadableOnceForEachArrival(t *testing.T, open opener) {
	p := open(t)
	a, b := Pair(t)
	add(t, p, a, mine)
	await(t, p, mine, pollux.Writable)

	write(t, b, "two")
	await(t, p, mine, pollux.Readable)
	quiet(t, p, mine, pollux.Readable, "nothing came since, though nothing was read")

	write(t, b, "more")
	await(t, p, mine, pollux.Readable)

	var buf [3]byte
	if n, err := receive(a, buf[:]); n != 3 || err != nil {
		t.Fatalf("read: %d, %v", n, err)
	}
	quiet(t, p, mine, pollux.Readable, "nothing came since, though something is left")

	if n := read(t, a); n != 4 {
		t.Fatalf("read %d bytes, want 4", n)
	}
	write(t, b, "after EAGAIN")
	await(t, p, mine, pollux.Readable)
}

func testArrivalsToldAsOne(t *testing.T, open opener) {
	p := open(t)
	a, b := Pair(t)
	add(t, p, a, mine)
	await(t, p, mine, pollux.Writable)
	for range 10 {
		write(t, b, "x")
	}
	var room [11]byte
	for d, n := newDeadline(), 0; n < 10; runtime.Gosched() { // the bytes of a TCP pair may come later
		if n, _ = peek(a, room[:]); d.over() {
			t.Fatalf("ten bytes were sent, and %d have come", n)
		}
	}
	await(t, p, mine, pollux.Readable)
	quiet(t, p, mine, pollux.Readable, "all ten came before")
}

func testWritableOnceThereIsRoomAgain(t *testing.T, open opener) {
	p := open(t)
	a, b := Pair(t)
	add(t, p, a, mine)
	await(t, p, mine, pollux.Writable)
	filled := fill(t, a)
	quiet(t, p, mine, pollux.Writable, "the buffer is full")
	if n := read(t, b); n != filled {
		t.Fatalf("%d bytes came, %d went", n, filled)
	}
	await(t, p, mine, pollux.Writable)
}

// Add has asked for both directions already. An Arm that asks again must not cause a report without
// a new edge.
func testArmTellsNothingNew(t *testing.T, open opener) {
	p := open(t)
	a, b := Pair(t)
	add(t, p, a, mine)
	await(t, p, mine, pollux.Writable)
	if err := p.Arm(a, mine, pollux.Readable); err != nil {
		t.Fatal(err)
	}
	quiet(t, p, mine, pollux.Readable, "nothing came")
	write(t, b, "x")
	await(t, p, mine, pollux.Readable)
}

func testHangup(t *testing.T, open opener) {
	for _, tt := range []struct {
		name  string
		do    func(a, b int) error
		local pollux.Ready // with a pair of AF_UNIX
		tcp   pollux.Ready // 0: not reported
	}{
		{"peer shut down its sending", func(_, b int) error { return shutdown(b, shutWrite) },
			pollux.Readable | pollux.Hangup, pollux.Readable | pollux.Hangup},
		{"peer shut down both", func(_, b int) error { return shutdown(b, shutBoth) },
			pollux.Readable | pollux.Writable | pollux.Hangup, pollux.Readable | pollux.Hangup},
		{"peer closed", func(_, b int) error { return closeFD(b) },
			pollux.Readable | pollux.Writable | pollux.Hangup, pollux.Readable | pollux.Hangup},
		{"peer reset", reset, 0, pollux.Readable | pollux.Hangup},
		{"own end shut down", func(a, _ int) error { return shutdown(a, shutRead) }, pollux.Readable | pollux.Hangup, 0},
	} {
		for kind, want := range map[string]pollux.Ready{"local": tt.local, "tcp": tt.tcp} {
			if want == 0 || kind == "local" && !hasLocalPairs {
				continue
			}
			t.Run(kind+" "+tt.name, func(t *testing.T) {
				p := open(t)
				connected := Pair
				if kind == "tcp" {
					connected = tcpPair
				}
				a, b := connected(t)
				add(t, p, a, mine)
				await(t, p, mine, pollux.Writable)
				if err := tt.do(a, b); err != nil {
					t.Fatal(err)
				}
				await(t, p, mine, p.hangup(want))
			})
		}
	}
}

// Data that came before the hang-up is reported with it, also if it was reported already.
func testHangupAfterData(t *testing.T, open opener) {
	p := open(t)
	a, b := Pair(t)
	add(t, p, a, mine)
	await(t, p, mine, pollux.Writable)
	write(t, b, "last words")
	await(t, p, mine, pollux.Readable)
	closeFD(b)
	if !p.OneShot() { // a one-shot poller may report the data once more, and not the end yet
		await(t, p, mine, p.hangup(pollux.Readable|pollux.Hangup))
	}
	if n := read(t, a); n != len("last words") {
		t.Errorf("read %d bytes, want %d", n, len("last words"))
	}
	if p.OneShot() {
		await(t, p, mine, p.hangup(pollux.Readable|pollux.Hangup))
	}
}
