package protocol

import (
	"math/rand/v2"
	"testing"
	"time"
)

// The wheel against a list: each connection is looked at no later than a coarse slot allows, moves
// on to its deadline, and comes out in the very tick, also where the tick counter overflows.
func TestWheel(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for _, start := range []tick{0, 1, 63, 64, 4095, 1 << 31, 0xffff_ff00, 0xffff_ffff} {
		w := &wheel{hand: start}
		deadlines := make(map[*Transport]tick)
		list := make([]*Transport, 300)
		for i := range list {
			list[i] = new(Transport)
			d := start + 1 + tick(random.Uint32()>>(2+random.IntN(30)))
			deadlines[list[i]] = d
			w.add(list[i], d, true)
		}
		idle := new(Transport)
		w.add(idle, 0, false)
		looks := 0
		for w.len > 1 {
			at, ok := w.next()
			if !ok {
				t.Fatal("nothing is next")
			}
			now := at
			for x := w.due(now); x != nil; x = w.due(now) {
				looks++
				d := deadlines[x]
				switch {
				case now.before(d):
					w.move(x, d, true)
				case d.before(now):
					t.Fatalf("from %d: due at %d, looked at at %d", start, d, now)
				case random.IntN(4) == 0 && looks < 3000:
					deadlines[x] = now + 1 + tick(random.Uint32()>>(2+random.IntN(30)))
					w.move(x, deadlines[x], true)
				default:
					w.remove(x)
					delete(deadlines, x)
				}
			}
			for x := range deadlines { // some end early, and some are pushed about
				if random.IntN(100) == 0 {
					deadlines[x] = now + 1 + tick(random.Uint32()>>(2+random.IntN(30)))
					w.move(x, deadlines[x], true)
				}
				break
			}
		}
		if n := 0; true {
			w.all(func(*Transport) bool { n++; return true })
			if n != 1 {
				t.Errorf("%d are left, want 1", n)
			}
		}
		w.remove(idle)
		for level, word := range w.occupied {
			if word != 0 {
				t.Errorf("level %d is occupied: %x", level, word)
			}
		}
	}
}

func TestTicks(t *testing.T) {
	for _, d := range []time.Duration{time.Millisecond, time.Second, time.Hour, longestTimeout, longest} {
		n := ticksOf(d)
		if lasts := time.Duration(n-1) << tickBits; lasts < d || lasts > d+2<<tickBits {
			t.Errorf("%v are %d ticks, %v", d, n, lasts)
		}
	}
}
