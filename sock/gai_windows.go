package sock

// <winsock2.h>
const (
	eaiAddrFamily = EAI_NONAME // WSAHOST_NOT_FOUND: Windows has no separate error

	hBase = 11000 // base of the h_errno values: WSAHOST_NOT_FOUND is 11001
)

var gaiTextsHere []gaiText
