package pollux_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// A module that imports sock gets x/sys and the log library, and nothing of what the benchmark is
// compared with, although both are in one go.mod: docs/design.md begins with why.
func TestDependenciesOfAUser(t *testing.T) {
	if _, err := exec.LookPath("go"); err != nil {
		t.Skipf("%v: run this test where Go and the sources are", err)
	}
	if _, err := os.Stat("go.mod"); err != nil {
		t.Skipf("%v: run this test where Go and the sources are", err)
	}
	root, err := filepath.Abs(".")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	for name, text := range map[string]string{
		"go.mod":  fmt.Sprintf("module example.com/user\n\ngo 1.26.0\n\nrequire %s v0.0.0\n\nreplace %[1]s => %q\n", module, root),
		"user.go": fmt.Sprintf("package main\n\nimport _ %q\n\nfunc main() {}\n", module+"/sock"),
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	command := func(args ...string) {
		t.Helper()
		cmd := exec.Command("go", args...)
		cmd.Dir = dir
		cmd.Env = append(os.Environ(), "GOFLAGS=", "GOWORK=off", "GOPROXY=off", "GOSUMDB=off")
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("go %s: %v\n%s", strings.Join(args, " "), err, out)
		}
	}
	// -e, since tidy looks for the imports of zap's own tests too. This module does not need those,
	// so that they may be missing in the module cache.
	command("mod", "tidy", "-e")
	command("mod", "vendor")
	command("build", "-mod=vendor", "-trimpath", "-o", os.DevNull, ".") // -trimpath, for the build cache: dir is always new

	listed, err := os.ReadFile(filepath.Join(dir, "vendor", "modules.txt"))
	if err != nil {
		t.Fatal(err)
	}
	var vendored []string
	for line := range strings.Lines(string(listed)) {
		if f := strings.Fields(line); f[0] == "#" && f[1] != module {
			vendored = append(vendored, f[1])
		}
	}
	if want := []string{"go.uber.org/multierr", zap, xsys}; !slices.Equal(vendored, want) {
		t.Errorf("vendor has %q, want %q", vendored, want)
	}

	for _, name := range []string{"go.mod", "go.sum"} {
		text, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(string(text), xsys+" ") {
			t.Errorf("%s does not have %s:\n%s", name, xsys, text)
		}
		for _, m := range []string{gnet, "panjf2000/ants", "valyala/bytebufferpool", "natefinch/lumberjack", "golang.org/x/sync"} {
			if n := strings.Count(string(text), m); n != 0 {
				t.Errorf("%s has %d lines of %s, which only bench needs", name, n, m)
			}
		}
	}
}
