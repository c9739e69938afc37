//go:build !windows

package main

import (
	"fmt"
	"io"
)

// sniff prints which system it needs.
func sniff(w io.Writer) error {
	_, err := fmt.Fprintln(w, "only on Windows")
	return err
}
