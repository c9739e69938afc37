//go:build !linux && !netbsd

package bare

// raiseLoopback does nothing: no such machine runs this system.
func raiseLoopback() error { return nil }
