//go:build !linux

package socktest

// descriptors returns nil: these systems have no common way to list descriptors.
func descriptors() map[string]string { return nil }
