//go:build !linux

package sock

// What only glibc has: names in a national script, and a socket type of DCCP.
const (
	aiCanonIDN = 0
	aiKnown    = AI_PASSIVE | AI_CANONNAME | AI_NUMERICHOST | AI_NUMERICSERV | AI_ADDRCONFIG | aiV4Mapped | aiAll

	niIDN   = 0
	niKnown = NI_NUMERICHOST | NI_NUMERICSERV | NI_NAMEREQD | NI_DGRAM | NI_NOFQDN
)

var kindsHere []kind
