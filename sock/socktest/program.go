package socktest

import (
	"bufio"
	"bytes"
	"errors"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/polluxio/pollux/internal/bare"
)

// RunMain is the TestMain of a program whose test binary can run as the program itself: see
// Program. So the program can be tested on a machine without a compiler, as in internal/rigs.
func RunMain(m *testing.M, main func()) {
	UsePoller()
	if os.Getenv("EXAMPLE") != "" {
		main()
		return
	}
	os.Exit(m.Run())
}

// Program returns a command that runs this test binary as the program, with these arguments. The
// command is killed if it hangs.
func Program(t testing.TB, args ...string) *exec.Cmd {
	t.Helper()
	cmd := bare.Program(t, args...)
	cmd.Env = append(os.Environ(), "EXAMPLE=1")
	watchdog := time.AfterFunc(4*Patience, func() {
		if cmd.Process != nil {
			cmd.Process.Kill()
		}
	})
	t.Cleanup(func() { watchdog.Stop() })
	return cmd
}

// StartProgram starts the program. line returns the next line of its output, and "" at the end. The
// program is killed at the end of the test.
func StartProgram(t testing.TB, args ...string) (line func() string) {
	t.Helper()
	cmd := Program(t, args...)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	Must(t, err)
	Must(t, cmd.Start())
	t.Cleanup(func() {
		cmd.Process.Kill()
		cmd.Wait()
	})
	r := bufio.NewReader(out)
	return func() string {
		text, _ := r.ReadString('\n')
		return strings.TrimSpace(text)
	}
}

// ProgramFails runs the program, and fails the test unless the program ends with status 1 and this
// text.
func ProgramFails(t testing.TB, want string, args ...string) {
	t.Helper()
	out, err := Program(t, args...).CombinedOutput()
	var exit *exec.ExitError
	if !errors.As(err, &exit) || exit.ExitCode() != 1 || !bytes.Contains(out, []byte(want)) {
		t.Errorf("%v: %q, %v; want %q and status 1", args, out, err, want)
	}
}

// Lacking skips a test for which this machine lacks something. where names the command to run on a
// machine that has it. With FAMILIES_STRICT set, on a machine that has everything, the test fails.
func Lacking(t testing.TB, where string, why ...any) {
	t.Helper()
	if os.Getenv("FAMILIES_STRICT") != "" {
		t.Fatal(why...)
	}
	t.Skip(append(why, "\nrun", where, "to have it")...)
}
