// Package bare makes a machine ready for a test program that is its first process. Such a machine
// has a kernel and the program: no files, no shell, no /proc, and its loopback interface is down.
// internal/rigs/bare runs the tests so.
package bare

import (
	"fmt"
	"os"
	"testing"
	"time"
)

// Prepare raises the loopback interface and makes the directory for temporary files, if this
// program is the first process of its machine. Call it in TestMain. What fails is written to
// standard error, and the tests that need it fail or skip later.
func Prepare() {
	if os.Getpid() != 1 {
		return
	}
	if err := raiseLoopback(); err != nil {
		fmt.Fprintln(os.Stderr, "bare: the loopback interface:", err)
	}
	if err := os.MkdirAll(os.TempDir(), 0o777); err != nil {
		fmt.Fprintln(os.Stderr, "bare:", err)
	}
}

// Dir returns a directory that is removed at the end of the test. Its path is short enough for a
// Unix address. That of t.TempDir contains the name of the test, and can be too long. On a machine
// where no directory can be made it skips the test.
func Dir(t testing.TB) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "sock")
	if err != nil {
		t.Skipf("no directory for temporary files: %v: run this where one can be made", err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	return dir
}

// FineClock skips a test that measures times, if the clock moves in steps of a millisecond or more,
// as that of an emulated machine may.
func FineClock(t testing.TB) {
	t.Helper()
	start := time.Now()
	for {
		if step := time.Since(start); step >= time.Millisecond {
			t.Skipf("the clock moves in steps of %v: run this where they are shorter", step)
		} else if step > 0 {
			return
		}
	}
}
