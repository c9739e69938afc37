//go:build !windows

package main

import (
	"errors"
	"fmt"
	"io"
)

// sniff says why there is nothing to print.
func sniff(io.Writer) error {
	return fmt.Errorf("only on Windows: %w", errors.ErrUnsupported)
}
