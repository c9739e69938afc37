//go:build !unix

package main

import "math"

// maxDescriptors is as good as unlimited here.
func maxDescriptors() int { return math.MaxInt32 }
