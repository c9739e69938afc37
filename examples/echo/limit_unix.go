//go:build unix

package main

import (
	"math"

	"golang.org/x/sys/unix"
)

// maxDescriptors returns how many descriptors a process may have. Go has already raised the soft
// limit to the hard limit.
func maxDescriptors() int {
	var l unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &l); err != nil || uint64(l.Cur) > math.MaxInt32 {
		return math.MaxInt32
	}
	return int(l.Cur)
}
