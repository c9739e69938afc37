package main

import (
	"errors"
	"runtime"
	"strings"
	"testing"
)

// It says that it is Windows's. There it has a packet, if it may and if pollux has a poller for it.
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
