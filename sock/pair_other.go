//go:build !windows

package sock

import "syscall"

const (
	emulatesPair = false
	pairFamily   = AF_UNIX
)

// inProgress is the error of a non-blocking connect that goes on.
const inProgress = syscall.EINPROGRESS
