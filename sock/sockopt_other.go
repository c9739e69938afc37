//go:build !linux

package sock

// wideFamily is none here: see the one of Linux.
const wideFamily = -1
