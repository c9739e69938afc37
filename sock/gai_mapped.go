//go:build darwin || freebsd || dragonfly || windows

package sock

const (
	aiV4Mapped = AI_V4MAPPED
	aiAll      = AI_ALL
)
