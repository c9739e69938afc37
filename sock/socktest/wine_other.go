//go:build !windows

package socktest

import "testing"

// Wine reports whether the program runs under Wine.
func Wine() bool { return false }

// SkipOnWine does nothing on this system.
func SkipOnWine(testing.TB, string) {}
