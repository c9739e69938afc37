// Genpython writes docs/python.md: what each name of Python's socket module is called in pollux.
//
// It takes the rows of sock/testdata/python.csv, which say what is what, and the declarations of
// packages sock, families and loop, so that the page shows them as they are. A Go name with a "?"
// before it is to come; once it is there the "?" is taken away. The constants, which keep their
// names, are those of sock/testdata/names.csv.
//
// Usage, from the folder of package sock:
//
//	go run ../internal/genpython
package main

import (
	"log"
	"os"
	"path/filepath"

	"github.com/polluxio/pollux/internal/genconst/catalog"
)

func main() {
	log.SetFlags(0)
	log.SetPrefix("genpython: ")
	if err := write(".."); err != nil {
		log.Fatal(err)
	}
}

// write writes what is generated below root.
func write(root string) error {
	table, page, err := generate(root)
	if err != nil {
		return err
	}
	for name, text := range map[string][]byte{tableFile: table, pageFile: page} {
		if err := os.WriteFile(filepath.Join(root, name), text, 0o666); err != nil {
			return err
		}
	}
	return nil
}

const (
	tableFile = "sock/testdata/python.csv"
	pageFile  = "docs/python.md"
)

// generate returns the table as it should be, and the page.
func generate(root string) (table, page []byte, err error) {
	rows, err := readRows(filepath.Join(root, tableFile))
	if err != nil {
		return nil, nil, err
	}
	decls, err := declarations(root, "linux", "amd64")
	if err != nil {
		return nil, nil, err
	}
	for i := range rows {
		rows[i].arrived(decls)
	}
	names, err := catalog.Read(filepath.Join(root, "sock", "testdata", "names.csv"))
	if err != nil {
		return nil, nil, err
	}
	reasons, err := catalog.Reasons(filepath.Join(root, "sock", "testdata", "reasons.csv"))
	if err != nil {
		return nil, nil, err
	}
	table, err = writeRows(rows)
	return table, pageOf(rows, decls, names, reasons), err
}
