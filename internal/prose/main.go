// Command prose checks how the project reads: comments have at most 100 columns, and words that
// hide the actor of a sentence ("whoever", "is told") appear neither in comments nor in texts.
//
//	go run ./internal/prose          print each finding; exit with 1 if there is one
//	go run ./internal/prose -wrap    fill the paragraphs of comments that are too wide, then check
//
// It reads the .go and .md files of the module in the working directory. Generated files are left
// out. What is really about people stands in allowed.txt, with the file that says it.
package main

import (
	"bytes"
	_ "embed"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

//go:embed allowed.txt
var allowedList string

func main() {
	fill := flag.Bool("wrap", false, "fill the paragraphs of comments that have more than 100 columns")
	flag.Parse()
	roots := flag.Args()
	if len(roots) == 0 {
		roots = []string{"."}
	}
	found, err := run(roots, *fill)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(2)
	}
	for _, f := range found {
		fmt.Println(f)
	}
	if len(found) != 0 {
		fmt.Printf("%d findings\n", len(found))
		os.Exit(1)
	}
}

// run checks the files below roots.
func run(roots []string, fill bool) ([]finding, error) {
	allowed := parseAllowed(allowedList)
	var found []finding
	for _, root := range roots {
		err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
			if err != nil {
				return err
			}
			if d.IsDir() {
				if name := d.Name(); name == ".git" || name == "testdata" {
					return filepath.SkipDir
				}
				return nil
			}
			path = filepath.ToSlash(path)
			switch filepath.Ext(path) {
			case ".go", ".md":
			default:
				return nil
			}
			src, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			if strings.HasSuffix(path, ".md") {
				found = append(found, checkText(path, src)...)
				return nil
			}
			if generated(src) {
				return nil
			}
			if fill {
				if filled := wrap(src); !bytes.Equal(filled, src) {
					if err := os.WriteFile(path, filled, 0o666); err != nil {
						return err
					}
					src = filled
				}
			}
			found = append(found, checkGo(path, src)...)
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	return allowed.filter(found), nil
}

// An allowance is a file and a piece of a finding that may stand in it.
type allowances map[string][]string

// parseAllowed reads lines of "file: word"; "#" begins a comment.
func parseAllowed(text string) allowances {
	a := allowances{}
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		if line == "" || line[0] == '#' {
			continue
		}
		file, word, _ := strings.Cut(line, ": ")
		a[file] = append(a[file], fmt.Sprintf("%q", word))
	}
	return a
}

func (a allowances) filter(found []finding) []finding {
	var kept []finding
next:
	for _, f := range found {
		for _, word := range a[f.file] {
			if strings.HasPrefix(f.rule, word) {
				continue next
			}
		}
		kept = append(kept, f)
	}
	return kept
}
