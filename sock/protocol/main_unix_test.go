//go:build unix

package protocol_test

import (
	"fmt"
	"os"
)

func init() {
	if os.Getenv(generation) == "" {
		return
	}
	if err := succeed(); err != nil {
		fmt.Fprintln(os.Stderr, "generation:", err)
		os.Exit(1)
	}
	os.Exit(0)
}
