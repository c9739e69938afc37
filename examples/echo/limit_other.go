//go:build !unix

package main

import "math"

// maxDescriptors returns a limit that is never reached.
func maxDescriptors() int { return math.MaxInt32 }
