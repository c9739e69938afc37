package sock

import "golang.org/x/sys/windows"

// emulatesPair is true: Windows has no socketpair(2).
const (
	emulatesPair = true
	pairFamily   = AF_INET
)

// inProgress is the error of a non-blocking connect that goes on.
const inProgress = windows.WSAEWOULDBLOCK
