//go:build !linux

package can

import "math/bits"

func kernelLong() int { return bits.UintSize / 8 }
