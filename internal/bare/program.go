package bare

import (
	"os"
	"os/exec"
	"testing"
)

// Program returns a command that runs this test program again. It skips the test if the program
// cannot be started again: the first process of a machine may have no file. If the kernel cannot
// run the program itself, POLLUX_TEST_EXEC names the emulator that can: internal/rigs/processors
// sets it.
func Program(t testing.TB, args ...string) *exec.Cmd {
	t.Helper()
	self, err := os.Executable()
	if err == nil {
		_, err = os.Stat(self)
	}
	if err != nil {
		t.Skipf("no file to start this program from again: %v: run it from one", err)
	}
	if emulator := os.Getenv("POLLUX_TEST_EXEC"); emulator != "" {
		return exec.Command(emulator, append([]string{self}, args...)...)
	}
	return exec.Command(self, args...)
}
