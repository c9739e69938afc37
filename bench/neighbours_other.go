//go:build !linux

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"runtime"
)

// measureNeighbours needs Linux, as measure does.
func measureNeighbours(context.Context, neighbourSettings, io.Writer) (*neighbourReport, error) {
	return nil, fmt.Errorf("bench needs Linux to measure, this is %s: %w", runtime.GOOS, errors.ErrUnsupported)
}
