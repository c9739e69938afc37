//go:build !linux

package protocol

// Only Linux has MSG_ZEROCOPY. No option has the number -1.
const (
	msgZeroCopy = 0
	soZeroCopy  = -1
)
