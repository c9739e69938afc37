package sock_test

import (
	"go/ast"
	"go/types"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/polluxio/pollux/internal/genconst/catalog"
)

// These tests check the files of all systems, as the compiler of each system would see them, on any
// system. They do not import package sock, because that has the constants of one system only.

// tables holds the files in testdata.
type tables struct {
	rows    []catalog.Row                // names.csv
	reasons map[string]map[string]string // reasons.csv, by name and GOOS
	values  map[string]map[string]string // values_by_os.csv, by name and GOOS
}

func readTables(t *testing.T) tables {
	t.Helper()
	if _, err := os.Stat("testdata"); err != nil {
		t.Skipf("%v: run this test where the sources are", err)
	}
	rows, err := catalog.Read(filepath.Join("testdata", "names.csv"))
	if err != nil {
		t.Fatal(err)
	}
	reasons, err := catalog.Reasons(filepath.Join("testdata", "reasons.csv"))
	if err != nil {
		t.Fatal(err)
	}
	values, err := catalog.Values(filepath.Join("testdata", "values_by_os.csv"))
	if err != nil {
		t.Fatal(err)
	}
	return tables{rows, reasons, values}
}

// forEachSystem runs f with the constants of each system, on the processor of the tables.
func forEachSystem(t *testing.T, f func(*testing.T, catalog.System, *types.Package)) {
	loader := catalog.LoaderFor(t)
	for _, sys := range catalog.Systems {
		t.Run(sys.GOOS, func(t *testing.T) {
			pkg, err := loader.Target(sys.GOOS, sys.GOARCHs[0]).CheckFiles("const*.go", "zconst*.go")
			if err != nil {
				t.Fatal(err)
			}
			f(t, sys, pkg)
		})
	}
}

// On each system, every name that Python documents has either a value or a written reason. No other
// name has one.
func TestConstantsComplete(t *testing.T) {
	tables := readTables(t)
	documented := make(map[string]bool)
	for _, row := range tables.rows {
		if row.Kind != "constant" {
			continue
		}
		if documented[row.Name] {
			t.Errorf("names.csv has %s twice", row.Name)
		}
		documented[row.Name] = true
		if len(row.Platforms) == 0 && row.Note == "" {
			t.Errorf("names.csv: %s is on no system and has no note that says why", row.Name)
		}
	}
	for name := range tables.reasons {
		if !documented[name] {
			t.Errorf("reasons.csv has %s, but names.csv does not", name)
		}
	}
	forEachSystem(t, func(t *testing.T, sys catalog.System, pkg *types.Package) {
		for _, row := range tables.rows {
			if row.Kind != "constant" {
				continue
			}
			value, reason := catalog.Lookup(pkg, row.Name), tables.reasons[row.Name][sys.GOOS]
			switch {
			case row.On(sys.GOOS) && value == nil && reason == "":
				t.Errorf("%s has neither a value nor a reason: add it to a file const*.go or to reasons.csv", row.Name)
			case value != nil && reason != "":
				t.Errorf("%s has a value and a reason for having none", row.Name)
			case !row.On(sys.GOOS) && (value != nil || reason != ""):
				t.Errorf("names.csv says that this system does not have %s", row.Name)
			}
		}
		for _, name := range pkg.Scope().Names() {
			if !documented[name] && catalog.Lookup(pkg, name) != nil {
				t.Errorf("%s is not in names.csv", name)
			}
		}
	})
}

// The values equal those of the headers: all of them on Linux, on other systems those that the
// tables have.
func TestConstantValues(t *testing.T) {
	tables := readTables(t)
	forEachSystem(t, func(t *testing.T, sys catalog.System, pkg *types.Package) {
		checked := 0
		for _, row := range tables.rows {
			value := catalog.Lookup(pkg, row.Name)
			if row.Kind != "constant" || value == nil {
				continue
			}
			wants := []string{tables.values[row.Name][sys.GOOS]}
			if sys.GOOS == "linux" {
				wants = append(wants, row.Linux)
			}
			for _, want := range wants {
				if want == "" {
					continue
				}
				checked++
				if got := value.Val().ExactString(); got != want {
					t.Errorf("%s = %s, want %s", row.Name, got, want)
				}
			}
		}
		if checked == 0 {
			t.Error("nothing to compare with: the tables have no value for this system")
		}
	})
}

// A constant exists on all processors or on none. It is untyped, as in x/sys, or an errno.
// Families, types of sockets and protocols have the types of this package.
func TestConstantsOfEveryProcessor(t *testing.T) {
	loader := catalog.LoaderFor(t)
	want := make(map[string]string)
	for _, row := range readTables(t).rows {
		if typ := strings.TrimSpace(catalog.TypeOf(row)); typ != "" {
			want[row.Name] = "sock." + typ
		}
	}
	for _, sys := range catalog.Systems {
		for _, goarch := range sys.GOARCHs {
			t.Run(sys.GOOS+"/"+goarch, func(t *testing.T) {
				pkg, err := loader.Target(sys.GOOS, goarch).CheckFiles("const*.go", "zconst*.go")
				if err != nil {
					t.Fatal(err)
				}
				for _, name := range pkg.Scope().Names() {
					c := catalog.Lookup(pkg, name)
					if c == nil {
						if ast.IsExported(name) && name != "Family" && name != "Type" && name != "Protocol" {
							t.Errorf("%s is not a constant", name)
						}
						continue
					}
					typ := types.TypeString(c.Type(), (*types.Package).Name)
					switch {
					case want[name] != "" && typ != want[name], want[name] == "" && strings.HasPrefix(typ, "sock."):
						t.Errorf("%s is of type %s, want %q", name, typ, want[name])
					case want[name] != "" || typ == "untyped int" || typ == "untyped string" || typ == "syscall.Errno":
					default:
						t.Errorf("%s is of type %s", name, typ)
					}
				}
			})
		}
	}
}

// A constant that x/sys has is not also written by hand. A file for several systems may repeat
// constants that x/sys has on some of them.
func TestNothingByHandThatIsInXSys(t *testing.T) {
	loader := catalog.LoaderFor(t)
	needed := make(map[string]bool)
	for _, sys := range catalog.Systems {
		for _, goarch := range sys.GOARCHs {
			target := loader.Target(sys.GOOS, goarch)
			byHand, err := target.CheckFiles("const*.go")
			if err != nil {
				t.Fatal(err)
			}
			xsys, err := target.Import(sys.XSys)
			if err != nil {
				t.Fatal(err)
			}
			for _, name := range byHand.Scope().Names() {
				here, there := catalog.Lookup(byHand, name), catalog.Lookup(xsys, name)
				if here == nil { // a type
					continue
				}
				needed[name] = needed[name] || there == nil || here.Val().ExactString() != there.Val().ExactString()
			}
		}
	}
	for name, ok := range needed {
		if !ok {
			t.Errorf("%s is written by hand, and x/sys has it with the same value: delete it and run go generate", name)
		}
	}
}
