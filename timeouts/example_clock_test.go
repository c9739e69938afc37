package timeouts_test

import (
	"fmt"
	"time"

	"github.com/polluxio/pollux/timeouts"
)

// A function that takes a Clock can be tested with a Fake, without a sleep.
func ExampleClock() {
	expired := func(c timeouts.Clock, d timeouts.Deadline) bool { return d.Expired(c.Now()) }

	var clock timeouts.Fake
	d := clock.Now().Add(time.Minute)
	fmt.Println(expired(&clock, d))
	clock.Advance(time.Minute)
	fmt.Println(expired(&clock, d))
	fmt.Println(expired(timeouts.System, timeouts.Never))
	// Output:
	// false
	// true
	// false
}
