package protocol

import "golang.org/x/sys/unix"

const (
	msgZeroCopy = unix.MSG_ZEROCOPY
	soZeroCopy  = unix.SO_ZEROCOPY
)
