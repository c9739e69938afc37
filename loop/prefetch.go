//go:build amd64 || arm64

package loop

// prefetch asks for so many cache lines from p on; lines is above 0. It reads nothing: p may point anywhere.
//
//go:noescape
func prefetch(p uintptr, lines int)
