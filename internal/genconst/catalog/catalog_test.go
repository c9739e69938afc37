package catalog_test

import (
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/polluxio/pollux/internal/genconst/catalog"
)

func write(t *testing.T, name, text string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(file, []byte(text), 0o666); err != nil {
		t.Fatal(err)
	}
	return file
}

func TestRead(t *testing.T) {
	const header = "name,kind,group,platforms,linux_value,note\n"
	everywhere := []string{"linux", "darwin", "freebsd", "netbsd", "openbsd", "dragonfly", "windows"}
	tests := []struct {
		name      string
		text      string
		platforms []string
		err       string // a part of the error's text
	}{
		{"two systems", header + "SO_DOMAIN,constant,SO,linux;freebsd,39,\n", []string{"linux", "freebsd"}, ""},
		{"all systems", header + "AF_INET,constant,AF,all,2,\n", everywhere, ""},
		{"no system", header + "MSG_BTAG,constant,MSG,none,,no header\n", nil, ""},
		{"misspelt system", header + "AF_INET,constant,AF,linux;macos,2,\n", nil, `AF_INET: unknown platform "macos"`},
		{"other header", "name,group\nAF_INET,AF\n", nil, "first line is not"},
		{"empty", "", nil, "first line is not"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			rows, err := catalog.Read(write(t, "names.csv", tt.text))
			switch {
			case tt.err != "":
				if err == nil || !strings.Contains(err.Error(), tt.err) {
					t.Fatalf("got error %v, want one with %q", err, tt.err)
				}
			case err != nil:
				t.Fatal(err)
			case len(rows) != 1 || !slices.Equal(rows[0].Platforms, tt.platforms):
				t.Errorf("got %+v, want one row on %v", rows, tt.platforms)
			}
		})
	}
}

func TestReasons(t *testing.T) {
	const header = "name,platforms,reason\n"
	reasons, err := catalog.Reasons(write(t, "reasons.csv", header+"A,linux,because\nA,netbsd;dragonfly,also\n"))
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]string{"linux": "because", "netbsd": "also", "dragonfly": "also"}
	if got := reasons["A"]; !maps.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	for _, text := range []string{"A,linux,\n", "A,linux,x\nA,linux,y\n", "A,unix,x\n"} {
		if _, err := catalog.Reasons(write(t, "reasons.csv", header+text)); err == nil {
			t.Errorf("%q: no error", text)
		}
	}
}

func TestValues(t *testing.T) {
	const header = "name,linux,darwin,freebsd,netbsd,openbsd,dragonfly,windows\n"
	values, err := catalog.Values(write(t, "values.csv", header+"A,1,,,,,,2\n"))
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]string{"linux": "1", "windows": "2"}
	if got := values["A"]; !maps.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	if _, err := catalog.Values(write(t, "values.csv", header+"A,1,,,?,,,\n")); err == nil {
		t.Error("a value that was not looked up: no error")
	}
}

// One name has one value here and another there: what is read must be the sources of the target,
// not of this machine.
func TestTarget(t *testing.T) {
	loader := catalog.LoaderFor(t)
	tests := []struct{ goos, goarch, path, name, want string }{
		{"linux", "amd64", "golang.org/x/sys/unix", "SOL_SOCKET", "1"},
		{"linux", "mips64le", "golang.org/x/sys/unix", "SOL_SOCKET", "65535"},
		{"freebsd", "arm64", "golang.org/x/sys/unix", "AF_INET6", "28"},
		{"openbsd", "riscv64", "golang.org/x/sys/unix", "EAGAIN", "35"},
		{"dragonfly", "amd64", "syscall", "MSG_NOTIFICATION", "512"},
		{"windows", "386", "golang.org/x/sys/windows", "AF_INET6", "23"},
		{"linux", "amd64", "golang.org/x/sys/unix", "SO_NOSUCH", ""},
		{"linux", "amd64", "golang.org/x/sys/unix", "Socket", ""}, // a function
	}
	for _, tt := range tests {
		t.Run(tt.goos+"/"+tt.goarch+"/"+tt.name, func(t *testing.T) {
			pkg, err := loader.Target(tt.goos, tt.goarch).Import(tt.path)
			if err != nil {
				t.Fatal(err)
			}
			got := ""
			if c := catalog.Lookup(pkg, tt.name); c != nil {
				got = c.Val().ExactString()
			}
			if got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

// The files of a package may lie side by side for several systems; a fault in one that builds must
// be reported.
func TestCheckFiles(t *testing.T) {
	loader := catalog.LoaderFor(t)
	dir := t.TempDir()
	for name, text := range map[string]string{
		"const_linux.go":     "package p\nconst A = 1\n",
		"const_openbsd.go":   "package p\nconst A = 2\n",
		"const_bsd.go":       "//go:build openbsd\n\npackage p\nconst B = A + 1\n",
		"const_windows.go":   "package p\nconst A = missing\n",
		"const_test.go":      "package p\nconst A = 4\n",
		"other_linux.go":     "package p\nconst A = 5\n",
		"const_mips_nope.go": "//go:build linux && mips\n\npackage p\nconst A = 6\n",
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	pattern := filepath.Join(dir, "const*.go")

	linux, err := loader.Target("linux", "amd64").CheckFiles(pattern)
	if err != nil {
		t.Fatal(err)
	}
	if a := catalog.Lookup(linux, "A"); a == nil || a.Val().ExactString() != "1" {
		t.Errorf("linux: A is %v, want 1", a)
	}
	openbsd, err := loader.Target("openbsd", "arm64").CheckFiles(pattern)
	if err != nil {
		t.Fatal(err)
	}
	if b := catalog.Lookup(openbsd, "B"); b == nil || b.Val().ExactString() != "3" {
		t.Errorf("openbsd: B is %v, want 3", b)
	}
	for _, broken := range []*catalog.Target{loader.Target("windows", "amd64"), loader.Target("linux", "mips")} {
		if _, err := broken.CheckFiles(pattern); err == nil {
			t.Error("no error for a package with a fault")
		}
	}
}
