package sock_test

import (
	"errors"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/polluxio/pollux/sock"
	"github.com/polluxio/pollux/sock/socktest"
)

// errors.Is finds the kind through all wrappers of the error, and finds no other kind.
func TestArgErrorKind(t *testing.T) {
	socktest.Check(t)
	s := socktest.UDP.New(t)
	kinds := []sock.ArgKind{
		sock.ArgRange, sock.ArgTooLong, sock.ArgLength, sock.ArgSyntax, sock.ArgMissing, sock.ArgUnknown, sock.ArgType,
		sock.ArgConflict, sock.ArgUnsupported,
	}
	for _, test := range []struct {
		name string
		err  error
		want sock.ArgKind
	}{
		{"negative size", func() error { _, err := s.Recv(-1, 0); return err }(), sock.ArgRange},
		{"long name", s.BindToDevice(strings.Repeat("x", 16)), sock.ArgTooLong},
		{"NUL in a name", s.BindToDevice("a\x00b"), sock.ArgSyntax},
		{"no name", s.SetCongestion(""), sock.ArgMissing},
		{"no address", func() error { _, err := sock.CreateServer(sock.Addr{}, nil); return err }(), sock.ArgMissing},
		{"wrong length", func() error { _, err := sock.InetNtoa([]byte{1}); return err }(), sock.ArgLength},
		{"text", func() error { _, err := sock.InetAton("?"); return err }(), sock.ArgSyntax},
		{"mode of a file", func() error { _, err := s.Makefile("x", -1); return err }(), sock.ArgUnknown},
		{"kind of socket", func() error { _, err := s.Sendfile(strings.NewReader("x"), 0, -1); return err }(), sock.ArgType},
		{"another argument", func() error { _, err := s.Makefile("r", 0); return err }(), sock.ArgConflict},
	} {
		for _, kind := range kinds {
			if errors.Is(test.err, kind) != (kind == test.want) {
				t.Errorf("%s: %v is %q: %v", test.name, test.err, kind, kind != test.want)
			}
		}
		var arg *sock.ArgError
		if !errors.As(test.err, &arg) || arg.Kind != test.want || errors.Is(test.err, errors.ErrUnsupported) {
			t.Errorf("%s: %v", test.name, test.err)
		}
	}
	if err := error(&sock.ArgError{Kind: sock.ArgUnsupported}); !errors.Is(err, errors.ErrUnsupported) {
		t.Errorf("%v is not errors.ErrUnsupported", err)
	}
	if a, b := sock.ArgKind(0).Error(), sock.ArgUnsupported.Error(); a != "argument error 0" || b != "argument not supported on this system" {
		t.Errorf("%q, %q", a, b)
	}
}

// Every ArgError in the source has a kind.
func TestArgErrorsHaveKinds(t *testing.T) {
	if _, err := os.Stat("argerror.go"); err != nil {
		t.Skipf("%v: run this test where the sources are", err)
	}
	files := token.NewFileSet()
	seen := 0
	err := filepath.WalkDir("..", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return err
		}
		file, err := parser.ParseFile(files, path, nil, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		ast.Inspect(file, func(n ast.Node) bool {
			lit, ok := n.(*ast.CompositeLit)
			if !ok || !isArgError(lit.Type) {
				return true
			}
			seen++
			if len(lit.Elts) == 0 {
				t.Errorf("%v: an ArgError without a kind", files.Position(lit.Pos()))
				return true
			}
			if first, ok := lit.Elts[0].(*ast.KeyValueExpr); ok {
				if key, ok := first.Key.(*ast.Ident); !ok || key.Name != "Kind" {
					t.Errorf("%v: an ArgError does not begin with its kind", files.Position(lit.Pos()))
				}
			}
			return true
		})
		return nil
	})
	if err != nil || seen < 100 {
		t.Fatalf("%d of them seen, %v", seen, err)
	}
}

func isArgError(typ ast.Expr) bool {
	switch typ := typ.(type) {
	case *ast.Ident:
		return typ.Name == "ArgError"
	case *ast.SelectorExpr:
		return typ.Sel.Name == "ArgError"
	}
	return false
}
