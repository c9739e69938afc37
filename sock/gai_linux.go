package sock

// <netdb.h>
const (
	aiV4Mapped = AI_V4MAPPED
	aiAll      = AI_ALL
	aiCanonIDN = 0x0080 // AI_CANONIDN
	aiKnown    = 0x07ff // with AI_IDN 0x0040, and the obsolete 0x0100 and 0x0200

	niIDN   = NI_IDN
	niKnown = 0x00ff // with the obsolete 0x40 and 0x80

	eaiAddrFamily = EAI_ADDRFAMILY

	hBase = 0 // base of the h_errno values
)

var gaiTextsHere = []gaiText{
	{EAI_ADDRFAMILY, "Address family for hostname not supported"},
	{EAI_SYSTEM, "System error"},
	{EAI_OVERFLOW, "Result too large for supplied buffer"},
}
