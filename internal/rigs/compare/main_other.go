//go:build !linux

package main

import (
	"fmt"
	"os"
)

func main() {
	fmt.Fprintln(os.Stderr, "compare: the raw calls that it sets beside pollux are those of Linux")
	os.Exit(1)
}
