//go:build netbsd || openbsd

package sock

// These have no AI_V4MAPPED: their IPv6 sockets take no mapped address.
const (
	aiV4Mapped = 0
	aiAll      = 0
)
