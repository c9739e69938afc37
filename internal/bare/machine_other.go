//go:build !linux && !netbsd

package bare

// openConsole does nothing: no such machine runs this system.
func openConsole() error { return nil }

// raiseLoopback does nothing: no such machine runs this system.
func raiseLoopback() error { return nil }

// memory returns 0: the bytes of memory are unknown.
func memory() uint64 { return 0 }
