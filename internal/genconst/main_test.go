package main

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"github.com/polluxio/pollux/internal/genconst/catalog"
)

// What is in the tree must be what go generate would write: else a value could be changed by hand
// in a file that says DO NOT EDIT, or a new row or a new x/sys be forgotten.
func TestUpToDate(t *testing.T) {
	// Read so that a cached pass does not outlive a new x/sys: go test sees which files a test
	// opens, not what it runs.
	if _, err := os.ReadFile(filepath.Join("..", "..", "go.mod")); err != nil {
		t.Fatal(err)
	}
	sock := filepath.Join("..", "..", "sock")
	rows, err := catalog.Read(filepath.Join(sock, "testdata", "names.csv"))
	if err != nil {
		t.Fatal(err)
	}
	loader := catalog.LoaderFor(t)
	for _, sys := range catalog.Systems {
		t.Run(sys.GOOS, func(t *testing.T) {
			want, err := generate(loader, sys, rows, sock)
			if err != nil {
				t.Fatal(err)
			}
			got, err := os.ReadFile(filepath.Join(sock, fileName(sys)))
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(got, want) {
				t.Errorf("%s is not what is generated now: run go generate ./sock", fileName(sys))
			}
		})
	}
}

func TestUnknownGroup(t *testing.T) {
	tests := []struct {
		name string
		row  catalog.Row
		ok   bool
	}{
		{"known", catalog.Row{Name: "SO_MARK", Kind: "constant", Group: "SO"}, true},
		{"unknown", catalog.Row{Name: "SO_MARK", Kind: "constant", Group: "S0"}, false},
		{"not a constant", catalog.Row{Name: "socket", Kind: "type", Group: "S0"}, true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if err := knownGroups([]catalog.Row{tt.row}); (err == nil) != tt.ok {
				t.Errorf("got error %v", err)
			}
		})
	}
}
