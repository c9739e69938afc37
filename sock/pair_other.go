//go:build !windows

package sock

import "syscall"

const (
	emulatesPair = false
	pairFamily   = AF_UNIX
)

// inProgress is what a connect fails with that does not wait.
const inProgress = syscall.EINPROGRESS
