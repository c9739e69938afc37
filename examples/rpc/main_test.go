package main

import (
	"testing"

	"github.com/polluxio/pollux/sock/socktest"
)

func TestMain(m *testing.M) { socktest.RunMain(m, main) }

func TestCalls(t *testing.T) {
	line := socktest.StartProgram(t, "2000")
	if got, want := line(), "2000 calls, 16 at once: all answers right"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}
