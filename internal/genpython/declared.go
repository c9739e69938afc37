package main

import (
	"bytes"
	"go/ast"
	"go/build"
	"go/parser"
	"go/printer"
	"go/token"
	"os"
	"path/filepath"
	"strings"
)

// declarations are what packages sock, families and loop export on a system: from "Socket.Recv" or
// "families.Parse" to how it is called, "s.Recv(n, flags int) ([]byte, error)". Constants and
// fields are there too.
func declarations(root, goos, goarch string) (map[string]string, error) {
	decls := make(map[string]string)
	for _, pkg := range []struct{ folder, prefix string }{{"sock", ""}, {"families", "families."}, {"loop", "loop."}} {
		if err := declare(decls, filepath.Join(root, pkg.folder), pkg.prefix, goos, goarch); err != nil {
			return nil, err
		}
	}
	return decls, nil
}

func declare(decls map[string]string, folder, prefix, goos, goarch string) error {
	ctxt := build.Default
	ctxt.GOOS, ctxt.GOARCH, ctxt.CgoEnabled = goos, goarch, false
	entries, err := os.ReadDir(folder)
	if err != nil {
		return err
	}
	fset := token.NewFileSet()
	for _, entry := range entries {
		name := entry.Name()
		if !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go") {
			continue
		}
		if match, err := ctxt.MatchFile(folder, name); err != nil || !match {
			if err != nil {
				return err
			}
			continue
		}
		file, err := parser.ParseFile(fset, filepath.Join(folder, name), nil, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		for _, decl := range file.Decls {
			add(decls, fset, prefix, decl)
		}
	}
	return nil
}

// add adds what one declaration exports.
func add(decls map[string]string, fset *token.FileSet, prefix string, decl ast.Decl) {
	switch d := decl.(type) {
	case *ast.FuncDecl:
		if !d.Name.IsExported() {
			return
		}
		var sig bytes.Buffer
		printer.Fprint(&sig, fset, d.Type)
		call := d.Name.Name + strings.Join(strings.Fields(strings.TrimPrefix(sig.String(), "func")), " ")
		if d.Recv == nil {
			decls[prefix+d.Name.Name] = prefix + call
			return
		}
		recv := d.Recv.List[0]
		typ := typeName(recv.Type)
		if ast.IsExported(typ) && len(recv.Names) > 0 {
			decls[prefix+typ+"."+d.Name.Name] = recv.Names[0].Name + "." + call
		} else if ast.IsExported(typ) {
			decls[prefix+typ+"."+d.Name.Name] = typ + "." + call
		}
	case *ast.GenDecl:
		for _, spec := range d.Specs {
			switch s := spec.(type) {
			case *ast.ValueSpec:
				for _, id := range s.Names {
					if id.IsExported() {
						decls[prefix+id.Name] = prefix + id.Name
					}
				}
			case *ast.TypeSpec:
				if !s.Name.IsExported() {
					continue
				}
				decls[prefix+s.Name.Name] = prefix + s.Name.Name
				if st, ok := s.Type.(*ast.StructType); ok {
					for _, field := range st.Fields.List {
						for _, id := range field.Names {
							if id.IsExported() {
								decls[prefix+s.Name.Name+"."+id.Name] = id.Name
							}
						}
					}
				}
			}
		}
	}
}

// typeName is the name of a receiver's type.
func typeName(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.StarExpr:
		return typeName(e.X)
	case *ast.IndexExpr:
		return typeName(e.X)
	case *ast.Ident:
		return e.Name
	}
	return ""
}
