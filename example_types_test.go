package pollux_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// Every exported type of a public package has an example: an example of the package is named for it
// (ExampleTimer), or a file example*_test.go of the package or of the root names the type, calls a
// function or a method that returns it, or uses one of its constants. "go test" runs the examples,
// and pkg.go.dev shows them beside the type.

// publicPackages are the folders of the packages that programs import.
var publicPackages = []string{".", "timeouts", "families", "loop", "sock", "sock/alg", "sock/bluetooth", "sock/bpf", "sock/can",
	"sock/netconn", "sock/netlink", "sock/packet", "sock/protocol", "sock/protocol/http1", "sock/protocol/resp", "sock/qrtr", "sock/rds", "sock/tipc", "sock/tlsconn",
	"metrics/prometheus"}

// withoutExample lists the types that need no example, each with the reason.
var withoutExample = map[string]string{
	"loop.Poller":     "only tests have a poller of their own: its contract is that of pollux.Poller",
	"loop.Selectable": "only a Future is one: ExampleSelect",
}

func TestEveryTypeHasAnExample(t *testing.T) {
	if _, err := os.Stat("go.mod"); err != nil {
		t.Skipf("%v: run this test where the sources are", err)
	}
	var whole map[string]bool // what the example of the root uses
	exempt := maps.Clone(withoutExample)
	for _, folder := range publicPackages {
		types, results := exportedTypes(t, folder)
		used := usedByExamples(t, folder, results)
		if folder == "." {
			whole = used
		}
		for name := range whole {
			used[name] = true
		}
		for _, name := range types {
			if _, ok := exempt[name]; ok {
				delete(exempt, name)
				if used[name] {
					t.Errorf("%s: %s has an example: remove it from withoutExample", folder, name)
				}
			} else if !used[name] {
				t.Errorf("%s: no example uses %s: write one in a file example*_test.go", folder, name)
			}
		}
	}
	for _, name := range slices.Sorted(maps.Keys(exempt)) {
		t.Errorf("withoutExample: %s is not an exported type", name)
	}
}

// exportedTypes returns the exported types of a package on any system, as "sock.Socket", and the
// types that each of its functions, methods and constants gives.
func exportedTypes(t *testing.T, folder string) (types []string, results map[string][]string) {
	results = make(map[string][]string)
	give := func(pkg, name string, typ ast.Node) {
		if typ == nil || typ == ast.Expr(nil) {
			return
		}
		ast.Inspect(typ, func(n ast.Node) bool {
			if id, ok := n.(*ast.Ident); ok && id.IsExported() {
				results[name] = append(results[name], pkg+"."+id.Name)
			}
			return true
		})
	}
	for _, f := range goFiles(t, folder, "*.go") {
		pkg := f.Name.Name
		for _, d := range f.Decls {
			switch d := d.(type) {
			case *ast.GenDecl:
				var typ ast.Expr // of a constant, and of the next ones if they repeat it
				for _, s := range d.Specs {
					switch s := s.(type) {
					case *ast.TypeSpec:
						if s.Name.IsExported() {
							types = append(types, pkg+"."+s.Name.Name)
						}
					case *ast.ValueSpec:
						if s.Type != nil || s.Values != nil {
							typ = s.Type
						}
						for _, name := range s.Names {
							give(pkg, pkg+"."+name.Name, typ)
						}
					}
				}
			case *ast.FuncDecl:
				if d.Type.Results == nil {
					continue
				}
				name := pkg + "." + d.Name.Name
				if d.Recv != nil {
					name = "method " + d.Name.Name
				}
				give(pkg, name, d.Type.Results)
			}
		}
	}
	slices.Sort(types)
	return slices.Compact(types), results
}

// usedByExamples returns the types that the examples of a package name, or get from a function.
func usedByExamples(t *testing.T, folder string, results map[string][]string) map[string]bool {
	used := make(map[string]bool)
	for _, f := range goFiles(t, folder, "example*_test.go") {
		ast.Inspect(f, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.FuncDecl:
				subject, _, _ := strings.Cut(strings.TrimPrefix(n.Name.Name, "Example"), "_")
				used[strings.TrimSuffix(f.Name.Name, "_test")+"."+subject] = true
			case *ast.SelectorExpr:
				names := []string{"method " + n.Sel.Name}
				if pkg, ok := n.X.(*ast.Ident); ok {
					names = append(names, pkg.Name+"."+n.Sel.Name)
				}
				for _, name := range names {
					used[name] = true
					for _, r := range results[name] {
						used[r] = true
					}
				}
			}
			return true
		})
	}
	return used
}

// goFiles parses the files of a folder that match a pattern, without tests unless the pattern asks
// for them.
func goFiles(t *testing.T, folder, pattern string) (files []*ast.File) {
	names, err := filepath.Glob(filepath.Join(folder, pattern))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		if strings.HasSuffix(name, "_test.go") != strings.HasSuffix(pattern, "_test.go") {
			continue
		}
		f, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, f)
	}
	return files
}
