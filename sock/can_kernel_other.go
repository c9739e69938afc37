//go:build !linux

package sock

import "math/bits"

func kernelLong() int { return bits.UintSize / 8 }
