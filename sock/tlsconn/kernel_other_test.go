//go:build !linux

package tlsconn_test

// rekeys says whether this kernel can change keys.
func rekeys() bool { return false }
