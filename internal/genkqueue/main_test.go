package main

import (
	"os"
	"path/filepath"
	"testing"
)

// The copies are what the poller is now: go generate has not been forgotten.
func TestCopiesAreCurrent(t *testing.T) {
	const root = "../.."
	if _, err := os.Stat(filepath.Join(root, "poller_bsd.go")); err != nil {
		t.Skipf("no source tree: %v", err)
	}
	written, err := generate(root)
	if err != nil {
		t.Fatal(err)
	}
	if len(written) < 10 {
		t.Errorf("only %d files are copied", len(written))
	}
	for name, want := range written {
		got, err := os.ReadFile(filepath.Join(root, name))
		if err != nil || string(got) != want {
			t.Errorf("%s is not what go run ./internal/genkqueue writes: %v", name, err)
		}
	}
	for _, v := range variants {
		found, err := filepath.Glob(filepath.Join(root, "internal/kqueue", v.name, "z*.go"))
		if err != nil || len(found) != len(v.files)+1 {
			t.Errorf("%s has %d generated files, %v; want %d", v.name, len(found), err, len(v.files)+1)
		}
	}
}
