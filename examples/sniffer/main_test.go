package main

import (
	"errors"
	"runtime"
	"strings"
	"testing"
)

// The program says that it is for Windows. There it prints a packet, if it has the privilege and
// pollux has a poller for the socket.
func TestSniff(t *testing.T) {
	var out strings.Builder
	err := sniff(&out)
	if runtime.GOOS == "windows" {
		if !errors.Is(err, errors.ErrUnsupported) {
			t.Skip("until there is a poller for Windows, with which a test can send a packet to be seen")
		}
		return
	}
	if out.String() != "only on Windows\n" || err != nil {
		t.Errorf("it says %q, %v", &out, err)
	}
}
