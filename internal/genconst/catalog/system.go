package catalog

import (
	"bytes"
	"errors"
	"fmt"
	"go/ast"
	"go/build"
	"go/constant"
	"go/parser"
	"go/token"
	"go/types"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// A System is one GOOS with the processors on which x/sys knows its constants.
type System struct {
	GOOS    string
	XSys    string   // the package of x/sys that has its constants
	GOARCHs []string // the first is the one that the values in the tables were read on
}

// Systems are those that the module supports, in the order of the tables' columns.
var Systems = []System{
	{"linux", unix, []string{
		"amd64", "386", "arm", "arm64", "loong64", "mips", "mips64", "mips64le", "mipsle", "ppc64", "ppc64le",
		"riscv64", "s390x",
	}},
	{"darwin", unix, []string{"amd64", "arm64"}},
	{"freebsd", unix, []string{"amd64", "386", "arm", "arm64", "riscv64"}},
	{"netbsd", unix, []string{"amd64", "386", "arm", "arm64"}},
	{"openbsd", unix, []string{"amd64", "386", "arm", "arm64", "ppc64", "riscv64"}},
	{"dragonfly", unix, []string{"amd64"}},
	{"windows", windows, []string{"amd64", "386", "arm64"}},
}

const (
	unix    = "golang.org/x/sys/unix"
	windows = "golang.org/x/sys/windows"
)

// A Loader reads packages from the module cache and from GOROOT. It is for one goroutine.
type Loader struct {
	dirs  map[string]string // import path to folder
	fset  *token.FileSet
	files map[string]*ast.File // one parse for all processors
}

// LoaderFor returns a Loader for a test. It skips the test if no sources are found, as under an
// emulator of another system.
func LoaderFor(t testing.TB) *Loader {
	t.Helper()
	loader, err := NewLoader()
	if errors.Is(err, exec.ErrNotFound) {
		t.Skip("no go command, which knows where the sources of x/sys are: run this test where Go is installed")
	}
	if err != nil {
		t.Fatal(err)
	}
	return loader
}

// NewLoader asks the go command where the sources are; the working directory must be inside the
// module.
func NewLoader() (*Loader, error) {
	l := &Loader{dirs: make(map[string]string), fset: token.NewFileSet(), files: make(map[string]*ast.File)}
	// -find because the imports do not matter, and -e because not every package has files on this
	// system.
	paths := []string{"syscall", unix, windows}
	cmd := exec.Command("go", append([]string{"list", "-e", "-find", "-f", "{{.ImportPath}}\t{{.Dir}}"}, paths...)...)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("go list: %w\n%s", err, &stderr)
	}
	for line := range bytes.Lines(out) {
		path, dir, _ := bytes.Cut(bytes.TrimSpace(line), []byte("\t"))
		l.dirs[string(path)] = string(dir)
	}
	for _, path := range paths {
		if l.dirs[path] == "" {
			return nil, fmt.Errorf("go list: no folder for %s", path)
		}
	}
	return l, nil
}

// A Target is one system on one processor.
type Target struct {
	loader   *Loader
	ctxt     build.Context
	packages map[string]*types.Package
}

// Target returns the target for goos and goarch; its packages are loaded when first asked for.
func (l *Loader) Target(goos, goarch string) *Target {
	ctxt := build.Default
	ctxt.GOOS, ctxt.GOARCH, ctxt.CgoEnabled = goos, goarch, false
	return &Target{loader: l, ctxt: ctxt, packages: make(map[string]*types.Package)}
}

// Lookup returns the constant of a package with the given name; nil if it does not exist, or has
// not a known value.
func Lookup(pkg *types.Package, name string) *types.Const {
	c, ok := pkg.Scope().Lookup(name).(*types.Const)
	if !ok || c.Val().Kind() == constant.Unknown {
		return nil
	}
	return c
}

// Import implements [types.Importer].
//
// Only the packages that define a system's constants are loaded. All others are empty: loading them
// would cost seconds for each target and change no constant, for a constant depends on other
// constants alone.
func (t *Target) Import(path string) (*types.Package, error) {
	if path == "unsafe" {
		return types.Unsafe, nil
	}
	if pkg := t.packages[path]; pkg != nil {
		return pkg, nil
	}
	dir := t.loader.dirs[path]
	if dir == "" {
		pkg := types.NewPackage(path, filepath.Base(path))
		pkg.MarkComplete()
		t.packages[path] = pkg
		return pkg, nil
	}
	found, err := t.ctxt.ImportDir(dir, 0)
	if err != nil {
		return nil, err
	}
	var files []*ast.File
	for _, name := range found.GoFiles {
		f, err := t.loader.parse(filepath.Join(dir, name))
		if err != nil {
			return nil, err
		}
		files = append(files, f)
	}
	// Errors come from the empty packages; a constant that they reach has no value and so is not
	// found.
	conf := types.Config{Importer: t, IgnoreFuncBodies: true, Error: func(error) {}}
	pkg, _ := conf.Check(path, t.loader.fset, files, nil)
	t.packages[path] = pkg
	return pkg, nil
}

// CheckFiles type-checks the files that match the patterns and build on the target, without tests,
// as one package. Unlike the packages that they import they must be without fault, and may need no
// file but each other.
func (t *Target) CheckFiles(patterns ...string) (*types.Package, error) {
	var files []*ast.File
	for _, pattern := range patterns {
		names, err := filepath.Glob(pattern)
		if err != nil {
			return nil, err
		}
		for _, name := range names {
			match, err := t.ctxt.MatchFile(filepath.Split(name))
			if err != nil {
				return nil, err
			}
			if !match || strings.HasSuffix(name, "_test.go") {
				continue
			}
			f, err := t.loader.parse(name)
			if err != nil {
				return nil, err
			}
			files = append(files, f)
		}
	}
	conf := types.Config{Importer: t}
	return conf.Check("sock", t.loader.fset, files, nil)
}

func (l *Loader) parse(name string) (*ast.File, error) {
	if f := l.files[name]; f != nil {
		return f, nil
	}
	src, err := os.ReadFile(name)
	if err != nil {
		return nil, err
	}
	f, err := parser.ParseFile(l.fset, name, src, parser.SkipObjectResolution)
	if err != nil {
		return nil, err
	}
	l.files[name] = f
	return f, nil
}
