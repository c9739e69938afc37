// Package bare makes a machine ready for a test program that is its first process. Such a machine
// has a kernel and the program: no files, no shell, no /proc, and its loopback interface is down.
// internal/rigs/bare runs the tests so.
package bare

import (
	"context"
	"fmt"
	"math"
	"net"
	"os"
	"runtime/debug"
	"testing"
	"time"
)

// Prepare opens the console, raises the loopback interface, and makes the directory for temporary
// files and a file /etc/hosts, if this program is the first process of its machine. Call it in
// TestMain. What fails is written to standard error, and the tests that need it fail or skip later.
func Prepare() {
	if !First() {
		return
	}
	if err := openConsole(); err != nil {
		fmt.Fprintln(os.Stderr, "bare: the console:", err)
	}
	if has := memory(); has != 0 {
		debug.SetMemoryLimit(int64(has / 2)) // the collector has to know that there is no more
	}
	if err := raiseLoopback(); err != nil {
		fmt.Fprintln(os.Stderr, "bare: the loopback interface:", err)
	}
	if err := os.MkdirAll(os.TempDir(), 0o777); err != nil {
		fmt.Fprintln(os.Stderr, "bare:", err)
	}
	if _, err := os.Stat("/etc/hosts"); err != nil {
		os.Mkdir("/etc", 0o755)
		if err := os.WriteFile("/etc/hosts", []byte("127.0.0.1 localhost\n::1 localhost\n"), 0o644); err != nil {
			fmt.Fprintln(os.Stderr, "bare:", err)
		}
	}
}

// First reports whether this program is the first process of its machine.
func First() bool { return os.Getpid() == 1 }

// Localhost skips the test if this machine does not know the name localhost.
func Localhost(t testing.TB) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	if _, err := net.DefaultResolver.LookupHost(ctx, "localhost"); err != nil {
		t.Skipf("%v: run this where /etc/hosts has the name", err)
	}
}

// Memory skips the test if this machine has less than n bytes of memory.
func Memory(t testing.TB, n uint64) {
	t.Helper()
	if has := memory(); has != 0 && has < n {
		t.Skipf("the machine has %d MiB of memory: run this where it has %d MiB", has>>20, n>>20)
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
	shortest := time.Duration(math.MaxInt64)
	for range 10 { // the system may stop the program during a step
		start := time.Now()
		step := time.Since(start)
		for step == 0 {
			step = time.Since(start)
		}
		shortest = min(shortest, step)
	}
	if shortest >= time.Millisecond {
		t.Skipf("the clock moves in steps of %v: run this where they are shorter", shortest)
	}
}
