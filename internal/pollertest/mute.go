package pollertest

import (
	"testing"

	"github.com/polluxio/pollux"
)

// A muted registration reports hang-ups alone. Unmute reports what is ready, and then all is as
// before.
func testMute(t *testing.T, open opener) {
	p := open(t)
	a, b := Pair(t)
	add(t, p, a, mine)
	await(t, p, mine, pollux.Writable)
	muted, err := p.Mute(a, mine)
	if err != nil {
		t.Fatal(err)
	}
	write(t, b, "x")
	if !muted {
		await(t, p, mine, pollux.Readable)
		if err := p.Unmute(a, mine); err != nil {
			t.Fatal(err)
		}
		return
	}
	quiet(t, p, mine, ^pollux.Ready(0), "muted")
	unmute := func() {
		t.Helper()
		if err := p.Unmute(a, mine); err != nil {
			t.Fatal(err)
		}
		await(t, p, mine, pollux.Readable)
	}
	unmute()
	write(t, b, "x")
	await(t, p, mine, pollux.Readable)

	if _, err := p.Mute(a, mine); err != nil {
		t.Fatal(err)
	}
	if err := closeFD(b); err != nil {
		t.Fatal(err)
	}
	await(t, p, mine, pollux.Hangup)
	unmute()

	if err := p.Delete(a, mine); err != nil {
		t.Fatal(err)
	}
	if _, err := p.Mute(a, mine); err == nil {
		t.Error("Mute of a descriptor that is not registered: no error")
	}
	if err := p.Unmute(a, mine); err == nil {
		t.Error("Unmute of a descriptor that is not registered: no error")
	}
}
