package timeouts_test

import (
	"fmt"
	"time"

	"github.com/polluxio/pollux/timeouts"
)

// conn is closed when its peer has sent nothing for a while.
type conn struct {
	name string
	idle timeouts.Timer
}

func (c *conn) expired(now timeouts.Deadline) {
	fmt.Println(c.name, "is idle at", now)
}

func Example() {
	var clock timeouts.Fake // a program takes timeouts.System
	w := timeouts.NewWheel(clock.Now())

	var conns [2]conn
	for i := range conns {
		c := &conns[i]
		c.name = fmt.Sprint("conn ", i)
		c.idle.Owner = c
		w.Start(&c.idle, clock.Now().Add(10*time.Second))
	}

	for range 25 {
		clock.Advance(time.Second)
		now := clock.Now()
		if now == timeouts.Deadline(5*time.Second) {
			w.Start(&conns[0].idle, now.Add(10*time.Second)) // heard from conn 0: push back
		}
		for t := w.Pop(now); t != nil; t = w.Pop(now) {
			t.Owner.(*conn).expired(now)
		}
	}
	// Output:
	// conn 1 is idle at +12s
	// conn 0 is idle at +16s
}
