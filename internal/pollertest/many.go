package pollertest

import (
	"testing"

	"github.com/polluxio/pollux"
)

// The next Wait reports the events that found no room, and none is reported twice.

func testManyDescriptors(t *testing.T, open opener) {
	for _, tt := range []struct {
		name        string
		pairs, room int
	}{
		{"room for one", 10, 1},
		{"room for a batch", 500, 256},
		{"room for more than a batch", 500, 2048},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p := open(t)
			peers := make([]int, tt.pairs)
			for i := range peers {
				a, b := Pair(t)
				peers[i] = b
				add(t, p, a, pollux.MakeToken(uint32(i), 1))
			}
			everyone(t, p, tt.pairs, tt.room, pollux.Writable)
			for _, fd := range peers {
				write(t, fd, "x")
			}
			everyone(t, p, tt.pairs, tt.room, pollux.Readable)
		})
	}
}

// everyone waits until each of n tokens was reported with want, and fails if one comes twice.
func everyone(t *testing.T, p *Poller, n, room int, want pollux.Ready) {
	t.Helper()
	told := make([]int, n)
	events := make([]pollux.Event, room)
	left := n
	for deadline := newDeadline(); left > 0 || !deadline.quiet; {
		found, err := p.Wait(events, deadline.left(left == 0))
		if err != nil {
			t.Fatal(err)
		}
		if found > room {
			t.Fatalf("%d events in room for %d", found, room)
		}
		for _, ev := range events[:found] {
			if ev.Ready&want != want || ev.Token.Generation() != 1 {
				t.Fatalf("told %v of %#x, want %v", ev.Ready, ev.Token, want)
			}
			if told[ev.Token.Slot()]++; told[ev.Token.Slot()] > 1 {
				t.Fatalf("descriptor %d was reported twice as %v", ev.Token.Slot(), want)
			}
			left--
		}
		if deadline.quiet = found == 0; deadline.quiet && left > 0 && deadline.over() {
			t.Fatalf("%d of %d were not reported", left, n)
		}
	}
}

// A wake-up among many events ends the Wait, and no event is lost.
func testWakeAmongMany(t *testing.T, open opener) {
	p := open(t)
	const pairs = 300
	for i := range pairs {
		a, _ := Pair(t)
		add(t, p, a, pollux.MakeToken(uint32(i), 1))
		if err := p.Wake(); err != nil {
			t.Fatal(err)
		}
	}
	told := make(map[pollux.Token]bool)
	events := make([]pollux.Event, 7)
	for deadline := newDeadline(); len(told) < pairs; {
		n, err := p.Wait(events, deadline.left(false))
		if err != nil {
			t.Fatal(err)
		}
		for _, ev := range events[:n] {
			told[ev.Token] = true
			if ev.Token.Generation() != 1 {
				t.Errorf("told of %#x, which is the poller's own", ev.Token)
			}
		}
		if deadline.over() {
			t.Fatalf("%d of %d descriptors were reported", len(told), pairs)
		}
	}
}

func testTenThousand(t *testing.T, open opener) {
	p := open(t)
	const pairs = 5000
	limit(t, 2*pairs)
	peers := make([]int, pairs)
	for i := range peers {
		a, b := Pair(t)
		peers[i] = b
		for slot, fd := range []int{a, b} {
			add(t, p, fd, pollux.MakeToken(uint32(2*i+slot), 1))
		}
	}
	for _, fd := range peers {
		write(t, fd, "x")
	}
	readable := make(map[pollux.Token]bool)
	gather(t, p, func(ev pollux.Event) bool {
		if ev.Ready&pollux.Readable != 0 {
			readable[ev.Token] = true
		}
		return len(readable) == pairs
	}, func() { t.Fatalf("%d of %d were reported", len(readable), pairs) })
}
