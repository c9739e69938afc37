//go:build !linux

package main

import (
	"flag"
	"fmt"
	"os"

	"github.com/polluxio/pollux/internal/systems"
)

func main() {
	table := flag.Bool("systems", false, "write how the systems differ")
	flag.Parse()
	if *table {
		systems.Print(os.Stdout)
		return
	}
	fmt.Fprintln(os.Stderr, "compare: the raw calls that it sets beside pollux are those of Linux")
	os.Exit(1)
}
