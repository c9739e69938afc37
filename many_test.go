//go:build unix

package pollux_test

import (
	"testing"

	"github.com/polluxio/pollux"
)

// Events that find no room are reported by the next Wait, and none is reported twice.

func TestManyDescriptors(t *testing.T) { onEveryPoller(t, testManyDescriptors) }

func testManyDescriptors(t *testing.T, newPoller maker) {
	for _, tt := range []struct {
		name        string
		pairs, room int
	}{
		{"room for one", 10, 1},
		{"room for a batch", 1000, 256},
		{"room for more than a batch", 1000, 2048},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p := newPoller(t)
			peers := make([]int, tt.pairs)
			for i := range peers {
				a, b := pair(t)
				peers[i] = b
				add(t, p, a, pollux.MakeToken(uint32(i), 1))
			}
			events := make([]pollux.Event, tt.room)
			everyone := func(want pollux.Ready) {
				t.Helper()
				told := make([]int, tt.pairs)
				for range 10 * tt.pairs { // enough for any order of telling
					n, err := p.Wait(events, 0)
					if err != nil {
						t.Fatal(err)
					}
					if n == 0 {
						break
					}
					if n > tt.room {
						t.Fatalf("%d events in room for %d", n, tt.room)
					}
					for _, ev := range events[:n] {
						if ev.Ready&want != want || ev.Token.Generation() != 1 {
							t.Fatalf("told %v of %#x, want %v", ev.Ready, ev.Token, want)
						}
						told[ev.Token.Slot()]++
					}
				}
				for i, n := range told {
					if n != 1 {
						t.Fatalf("descriptor %d was reported %d times as %v, want once", i, n, want)
					}
				}
			}
			everyone(pollux.Writable)
			for _, fd := range peers {
				write(t, fd, "x")
			}
			everyone(pollux.Readable)
		})
	}
}

// A wake-up is found among many events, and costs none of them.
func TestWakeAmongMany(t *testing.T) { onEveryPoller(t, testWakeAmongMany) }

func testWakeAmongMany(t *testing.T, newPoller maker) {
	p := newPoller(t)
	for i := range 300 {
		a, _ := pair(t)
		add(t, p, a, pollux.MakeToken(uint32(i), 1))
		if err := p.Wake(); err != nil {
			t.Fatal(err)
		}
	}
	told := make(map[pollux.Token]bool)
	events := make([]pollux.Event, 7)
	for range 3000 {
		n, err := p.Wait(events, 0)
		if err != nil {
			t.Fatal(err)
		}
		for _, ev := range events[:n] {
			told[ev.Token] = true
			if ev.Token.Generation() != 1 {
				t.Errorf("told of %#x, which is the poller's own", ev.Token)
			}
		}
	}
	if len(told) != 300 {
		t.Errorf("%d of 300 descriptors were reported", len(told))
	}
}
