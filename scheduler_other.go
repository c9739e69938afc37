//go:build !linux

package pollux

import "time"

// Neither a kqueue nor a completion port can be parked in Go's own poller: that poller takes no
// kqueue, since it registers both directions and a kqueue has one, and its completion port is its
// own. So a poller of these systems always blocks in a system call. With Park it lets other
// goroutines run first; with Block, on a thread of its own, it does not.

// newStrategy is the one place in which a strategy is chosen.
func newStrategy(s Strategy) strategy {
	if s == Block {
		return new(block)
	}
	return new(giveWay)
}

// giveWay is the strategy Park of a poller that cannot be parked. A blocking system call keeps the
// processor until sysmon takes it away (fact 1), 20 us to 20 ms later, if none is free. So
// goroutines that are ready run before it:
//
//	      ┌──── Gosched took long: look ────┐
//	      ▼              nothing            │
//	wait ───▶ Gosched ──────────────────────┘
//	             │ twice in a row it took no time, or it took long too often
//	             ▼
//	          blocked in the system call
type giveWay struct {
	took  time.Duration // by goroutines that compute, at the last yield; else 0
	stint stint         // since it last blocked
}

func (g *giveWay) crowded() time.Duration { return g.took }

func (g *giveWay) pass(kernel) error {
	if let, _ := g.stint.due(g.took); let {
		g.took, g.stint.let = yield()
	}
	return nil
}

func (g *giveWay) wait(k kernel, mayWait bool) error {
	if !mayWait {
		g.pass(k)
		k.look()
		return nil
	}
	calm := 0
	for tries := 0; calm < calmToPark && tries < patience; tries++ {
		if g.took, g.stint.let = yield(); g.took == 0 {
			calm++
			continue
		}
		calm = 0
		if k.look() {
			return nil
		}
	}
	k.block()
	g.stint.end()
	return nil
}

func (g *giveWay) close() error { return nil }
