package main

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// findings are what the comments of the test files say.
type findings struct {
	tests  map[int][]string // of each item, "folder.Name" in order
	strays []string         // comments that name an item where no test is
}

// scan reads all test files of a tree.
func scan(tree fs.FS) (findings, error) {
	folders := make(map[string][]*ast.File)
	fset := token.NewFileSet()
	err := fs.WalkDir(tree, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && name != "." && (strings.HasPrefix(d.Name(), ".") || d.Name() == "testdata") {
			return fs.SkipDir
		}
		if !strings.HasSuffix(name, "_test.go") {
			return nil
		}
		src, err := fs.ReadFile(tree, name)
		if err != nil {
			return err
		}
		file, err := parser.ParseFile(fset, name, src, parser.ParseComments)
		if err != nil {
			return err
		}
		folders[path.Dir(name)] = append(folders[path.Dir(name)], file)
		return nil
	})
	found := findings{tests: make(map[int][]string)}
	if err != nil {
		return found, err
	}
	for folder, files := range folders {
		found.add(fset, folder, files)
	}
	for _, tests := range found.tests {
		slices.Sort(tests)
	}
	slices.Sort(found.strays)
	return found, nil
}

// add adds what the files of one folder say. A comment belongs to the declaration that it is in,
// before or beside. Where that is no test it belongs to the tests that use it: a table, or a
// helper.
func (f *findings) add(fset *token.FileSet, folder string, files []*ast.File) {
	named := make(map[string][]int)    // what a declaration's comments name
	where := make(map[string][]string) // and where
	uses := make(map[string][]string)  // which tests use a name
	for _, file := range files {
		for _, group := range file.Comments {
			numbers := itemsIn(group.Text())
			if len(numbers) == 0 {
				continue
			}
			at := fset.Position(group.Pos())
			names := declared(fset, file, group)
			if len(names) == 0 {
				f.strays = append(f.strays, fmt.Sprintf("%s:%d names an item, and belongs to no declaration", at.Filename, at.Line))
			}
			for _, name := range names {
				named[name] = append(named[name], numbers...)
				where[name] = append(where[name], fmt.Sprintf("%s:%d", at.Filename, at.Line))
			}
		}
		for _, decl := range file.Decls {
			if fn, ok := decl.(*ast.FuncDecl); ok && isTest(fn.Name.Name) && fn.Recv == nil {
				ast.Inspect(fn, func(n ast.Node) bool {
					if id, ok := n.(*ast.Ident); ok {
						uses[id.Name] = append(uses[id.Name], fn.Name.Name)
					}
					return true
				})
			}
		}
	}
	for name, numbers := range named {
		tests := uses[name] // a test uses itself: its name is in its declaration
		if len(tests) == 0 {
			for _, at := range where[name] {
				f.strays = append(f.strays, at+" names an item, and no test uses "+name)
			}
		}
		for _, number := range numbers {
			for _, test := range tests {
				test = folder + "." + test
				if !slices.Contains(f.tests[number], test) {
					f.tests[number] = append(f.tests[number], test)
				}
			}
		}
	}
}

// declared are the names that are declared where a comment is.
func declared(fset *token.FileSet, file *ast.File, group *ast.CommentGroup) []string {
	line := func(p token.Pos) int { return fset.Position(p).Line }
	for _, decl := range file.Decls {
		begin, end := decl.Pos(), decl.End()
		switch d := decl.(type) {
		case *ast.FuncDecl:
			if d.Doc != nil {
				begin = d.Doc.Pos()
			}
			if begin <= group.Pos() && line(group.Pos()) <= line(end) {
				return []string{d.Name.Name}
			}
		case *ast.GenDecl:
			if d.Doc != nil {
				begin = d.Doc.Pos()
			}
			if begin > group.Pos() || line(group.Pos()) > line(end) || d.Tok == token.IMPORT {
				continue
			}
			var names []string
			for _, spec := range d.Specs {
				switch s := spec.(type) {
				case *ast.ValueSpec:
					for _, id := range s.Names {
						names = append(names, id.Name)
					}
				case *ast.TypeSpec:
					names = append(names, s.Name.Name)
				}
			}
			return names
		}
	}
	return nil
}

func isTest(name string) bool {
	for _, prefix := range []string{"Test", "Fuzz", "Example"} {
		if strings.HasPrefix(name, prefix) && name != "TestMain" {
			return true
		}
	}
	return false
}

var (
	mention = regexp.MustCompile(`\b[Ii]tems?\s+(\d+(?:(?:\s*,\s*and\s+|\s*,\s*|\s+and\s+|\s+to\s+|\s*[-–]\s*)\d+)*)`)
	numbers = regexp.MustCompile(`(\d+)(?:(?:\s+to\s+|\s*[-–]\s*)(\d+))?`)
)

// itemsIn are the items that a comment names.
func itemsIn(text string) []int {
	var found []int
	for _, m := range mention.FindAllStringSubmatch(text, -1) {
		for _, n := range numbers.FindAllStringSubmatch(m[1], -1) {
			first, _ := strconv.Atoi(n[1])
			last := first
			if n[2] != "" {
				last, _ = strconv.Atoi(n[2])
			}
			for i := first; i <= last && i < first+100; i++ {
				found = append(found, i)
			}
		}
	}
	return found
}
