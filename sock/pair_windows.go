package sock

import "golang.org/x/sys/windows"

// emulatesPair: Windows has no socketpair, as Python sees it.
const (
	emulatesPair = true
	pairFamily   = AF_INET
)

// inProgress is what a connect fails with that does not wait.
const inProgress = windows.WSAEWOULDBLOCK
