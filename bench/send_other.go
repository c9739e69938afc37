//go:build !linux

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"runtime"
)

// measureSend needs Linux, as measure does.
func measureSend(context.Context, sendSettings, io.Writer) (*contestReport, error) {
	return nil, fmt.Errorf("bench needs Linux to measure, this is %s: %w", runtime.GOOS, errors.ErrUnsupported)
}

func setCongestion(int, string) error { return errors.ErrUnsupported }
