package main

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/polluxio/pollux/sock/alg"
	"github.com/polluxio/pollux/sock/socktest"
)

func TestMain(m *testing.M) { socktest.RunMain(m, main) }

// run returns what the program writes to its two outputs, and its error.
func run(t *testing.T, input []byte, args ...string) (out, complaint string, err error) {
	t.Helper()
	cmd := socktest.Program(t, args...)
	cmd.Stdin = bytes.NewReader(input)
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	err = cmd.Run()
	return stdout.String(), stderr.String(), err
}

func TestSha256sum(t *testing.T) {
	contents := bytes.Repeat([]byte("the kernel's own "), 50_000)
	file := filepath.Join(socktest.Dir(t), "file")
	socktest.Must(t, os.WriteFile(file, contents, 0o600))
	out, complaint, err := run(t, []byte("input"), file, "-")

	a, missing := alg.New("hash", "sha256")
	if errors.Is(missing, errors.ErrUnsupported) {
		if err == nil || !strings.Contains(complaint, "AF_ALG") {
			t.Errorf("without AF_ALG: %v, %q; want what is missing", err, complaint)
		}
		socktest.Lacking(t, "internal/rigs/run ./examples/sha256sum", missing)
	}
	socktest.Must(t, missing)
	a.Close()
	want := fmt.Sprintf("%x  %s\n%x  -\n", sha256.Sum256(contents), file, sha256.Sum256([]byte("input")))
	if err != nil || out != want {
		t.Errorf("%v, %q\nwrote %q\n want %q", err, complaint, out, want)
	}
}
