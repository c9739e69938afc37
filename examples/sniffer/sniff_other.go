//go:build !windows

package main

import (
	"fmt"
	"io"
)

// sniff says why there is nothing to print.
func sniff(w io.Writer) error {
	_, err := fmt.Fprintln(w, "only on Windows")
	return err
}
