package socktest

import (
	"testing"

	"golang.org/x/sys/windows"
)

// Wine says whether the program runs under Wine, whose Winsock stands on another system's sockets.
func Wine() bool {
	return windows.NewLazySystemDLL("ntdll.dll").NewProc("wine_get_version").Find() == nil
}

// SkipOnWine skips a test of what Wine does in another way than Windows.
func SkipOnWine(t testing.TB, why string) {
	t.Helper()
	if Wine() {
		t.Skip("under Wine: " + why)
	}
}
