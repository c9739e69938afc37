//go:build !windows

package socktest

import "testing"

// Wine says whether the program runs under Wine.
func Wine() bool { return false }

// SkipOnWine skips a test of what Wine does in another way than Windows.
func SkipOnWine(testing.TB, string) {}
