package main

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/polluxio/pollux/sock"
	"github.com/polluxio/pollux/sock/socktest"
)

// The test is the program too: so it can be tested where there is no compiler, as in internal/rigs.
func TestMain(m *testing.M) {
	if os.Getenv("EXAMPLE") != "" {
		main()
		return
	}
	os.Exit(m.Run())
}

// run gives what the program writes to its two outputs, and how it ended.
func run(t *testing.T, input []byte, args ...string) (out, complaint string, err error) {
	t.Helper()
	self, err := os.Executable()
	socktest.Must(t, err)
	cmd := exec.Command(self, args...)
	cmd.Env = append(os.Environ(), "EXAMPLE=1")
	cmd.Stdin = bytes.NewReader(input)
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	socktest.Must(t, cmd.Start())
	watchdog := time.AfterFunc(4*socktest.Patience, func() { cmd.Process.Kill() })
	defer watchdog.Stop()
	err = cmd.Wait()
	return stdout.String(), stderr.String(), err
}

func TestSha256sum(t *testing.T) {
	contents := bytes.Repeat([]byte("the kernel's own "), 50_000)
	file := filepath.Join(socktest.Dir(t), "file")
	socktest.Must(t, os.WriteFile(file, contents, 0o600))
	out, complaint, err := run(t, []byte("input"), file, "-")

	a, missing := sock.NewAlg("hash", "sha256")
	if errors.Is(missing, errors.ErrUnsupported) {
		if err == nil || !strings.Contains(complaint, "AF_ALG") {
			t.Errorf("without AF_ALG: %v, %q; want what is missing", err, complaint)
		}
		if os.Getenv("FAMILIES_STRICT") != "" {
			t.Fatal(missing)
		}
		t.Skipf("%v: run internal/rigs/run ./examples/sha256sum to have it", missing)
	}
	socktest.Must(t, missing)
	a.Close()
	want := fmt.Sprintf("%x  %s\n%x  -\n", sha256.Sum256(contents), file, sha256.Sum256([]byte("input")))
	if err != nil || out != want {
		t.Errorf("%v, %q\nwrote %q\n want %q", err, complaint, out, want)
	}
}
