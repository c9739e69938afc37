//go:build !linux

package main

import (
	"errors"
	"time"
)

var errNoTLSUsage = errors.New("CPU and memory of a process: " + errors.ErrUnsupported.Error())

// usage is for Linux alone.
func usage(bool) (cpu time.Duration, resident, heap int64, err error) { return 0, 0, 0, errNoTLSUsage }
