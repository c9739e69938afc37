// Semantics holds the ledger of what Python's socket module does, sock/testdata/semantics.csv,
// against the tests.
//
// The ledger has a row for each of the facts, which are called items and have numbers. A test shows
// an item if a comment of its names the number, in words like "item 131" or "items 131, 132 and 140
// to 143". Every item needs a test or a written reason for having none. Which tests there are is
// read from all test files, for whatever system they are.
//
// Usage:
//
//	go run ./internal/semantics       fails and lists what is wrong, and the items that are still pending
//	go run ./internal/semantics -w    writes the names of the tests into the ledger
package main

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
)

func main() {
	write := flag.Bool("w", false, "write the names of the tests into the ledger")
	flag.Parse()
	root, err := moduleRoot()
	if err == nil {
		err = run(root, *write)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "semantics:", err)
		os.Exit(1)
	}
}

// run is the command. What is wrong goes to standard output, a line each.
func run(root string, write bool) error {
	file := filepath.Join(root, "sock", "testdata", "semantics.csv")
	items, err := readLedger(file)
	if err != nil {
		return err
	}
	found, err := scan(os.DirFS(root))
	if err != nil {
		return err
	}
	if write {
		fill(items, found)
		return writeLedger(file, items)
	}
	problems, pending := check(items, found)
	for _, p := range problems {
		fmt.Println(p)
	}
	for _, p := range pending {
		fmt.Println(p)
	}
	if n := len(problems) + len(pending); n > 0 {
		return fmt.Errorf("%d of %d items are not shown by a test and have no reason, or are not as the ledger says", n, len(items))
	}
	fmt.Printf("%d items, each with a test or a reason\n", len(items))
	return nil
}

// moduleRoot is the folder above this one that has go.mod.
func moduleRoot() (string, error) {
	dir, err := os.Getwd()
	for err == nil {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir, nil
		}
		if filepath.Dir(dir) == dir {
			return "", fmt.Errorf("no go.mod above the working directory")
		}
		dir = filepath.Dir(dir)
	}
	return "", err
}
