//go:build !linux

package sock

// Only glibc has AI_CANONIDN and NI_IDN.
const (
	aiCanonIDN = 0
	aiKnown    = AI_PASSIVE | AI_CANONNAME | AI_NUMERICHOST | AI_NUMERICSERV | AI_ADDRCONFIG | aiV4Mapped | aiAll

	niIDN   = 0
	niKnown = NI_NUMERICHOST | NI_NUMERICSERV | NI_NAMEREQD | NI_DGRAM | NI_NOFQDN
)
