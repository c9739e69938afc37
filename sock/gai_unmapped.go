//go:build netbsd || openbsd

package sock

// These systems have no AI_V4MAPPED, because their IPv6 sockets refuse mapped addresses.
const (
	aiV4Mapped = 0
	aiAll      = 0
)
