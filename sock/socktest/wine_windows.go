package socktest

import (
	"testing"

	"golang.org/x/sys/windows"
)

// Wine reports whether the program runs under Wine, which implements Winsock with the sockets of
// another system.
func Wine() bool {
	return windows.NewLazySystemDLL("ntdll.dll").NewProc("wine_get_version").Find() == nil
}

// SkipOnWine skips a test under Wine if Wine behaves differently from Windows there.
func SkipOnWine(t testing.TB, why string) {
	t.Helper()
	if Wine() {
		t.Skip("under Wine: " + why)
	}
}
