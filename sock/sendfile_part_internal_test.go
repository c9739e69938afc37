package sock

import (
	"fmt"
	"syscall"
	"testing"

	"github.com/polluxio/pollux/loop"
)

// Every byte that such a call has sent counts once, whatever ended the call.
func TestPartSent(t *testing.T) {
	say := func(n int, err error, over bool) string { return fmt.Sprint(n, " ", err, " ", over) }
	for _, tt := range []struct {
		done int
		err  error
		want string
	}{
		{100, nil, "100 <nil> true"},
		{0, nil, "0 <nil> true"}, // the end of the file
		{30, syscall.EAGAIN, "30 <nil> true"},
		{0, syscall.EAGAIN, say(0, loop.ErrAgain, true)},
		{30, syscall.EINTR, "30 <nil> true"},
		{0, syscall.EINTR, "0 <nil> false"},
		{30, syscall.EBUSY, "30 <nil> true"},
		{0, syscall.EBUSY, "0 <nil> false"},
		{100, syscall.EPIPE, say(0, syscall.EPIPE, true)},
		{100, syscall.ENOTCONN, say(0, syscall.ENOTCONN, true)},
	} {
		if got := say(partSent(tt.done, tt.err)); got != tt.want {
			t.Errorf("%d bytes and %v: %s, want %s", tt.done, tt.err, got, tt.want)
		}
	}
}

// A file arrives whole although each call sends a part, and sometimes none.
func TestPartsOfAFile(t *testing.T) {
	const size = 1000
	answers := []struct {
		done int
		err  error
	}{{300, syscall.EAGAIN}, {0, syscall.EINTR}, {100, syscall.EINTR}, {0, syscall.EAGAIN}, {0, syscall.EBUSY}, {600, nil}}
	sent, waits := 0, 0
	for _, a := range answers {
		n, err, _ := partSent(a.done, a.err)
		if sent += n; err == loop.ErrAgain {
			waits++
		}
	}
	if sent != size || waits != 1 {
		t.Errorf("%d bytes of %d, %d waits", sent, size, waits)
	}
}
