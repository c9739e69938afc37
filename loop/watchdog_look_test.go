package loop

import (
	"testing"
	"time"
)

// The watchdog reports a step that lasts, once. It does not take many short ones for it, nor sleep.
// The times are those of the test.
func TestWatchdogIsNotFooled(t *testing.T) {
	const limit = 40 * time.Millisecond
	start := time.Unix(0, 0)
	var w watchdog
	w.after = limit
	s, now := sight{since: start}, start
	looks := func(what string, awake bool, steps uint64, n int, want int) {
		t.Helper()
		w.awake.Store(awake)
		reported := 0
		for range n {
			now = now.Add(limit / looksPerLimit)
			w.step.Add(steps)
			if held := w.look(&s, now); held > 0 {
				reported++
				if held < limit || held > limit+limit/looksPerLimit {
					t.Errorf("%s: reported after %v", what, held)
				}
			}
		}
		if reported != want {
			t.Errorf("%s: reported %d times, want %d", what, reported, want)
		}
	}
	looks("many short steps", true, 5, 60, 0)
	looks("one step at each look", true, 1, 60, 0)
	looks("asleep", false, 0, 60, 0)
	if s.asleep != 60 {
		t.Errorf("asleep at %d looks, want 60", s.asleep)
	}
	looks("a step that lasts", true, 0, 60, 1)
	looks("short steps again", true, 1, 60, 0)
	looks("another that lasts less than the limit", true, 0, looksPerLimit-1, 0)
	looks("asleep again", false, 1, 1, 0)
	looks("a step that lasts, after sleep", true, 0, looksPerLimit, 1)
}
