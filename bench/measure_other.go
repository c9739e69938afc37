//go:build !linux

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"runtime"
)

// measure needs Linux: the load generator is bare epoll, and the CPU clock of another process and
// its resident memory are read as Linux offers them.
func measure(context.Context, settings, io.Writer) (*report, error) {
	return nil, fmt.Errorf("bench needs Linux to measure, this is %s: %w", runtime.GOOS, errors.ErrUnsupported)
}
