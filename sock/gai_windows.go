package sock

// <winsock2.h>
const (
	eaiAddrFamily = EAI_NONAME // WSAHOST_NOT_FOUND: it has no error of its own

	hBase = 11000 // of h_errno: WSAHOST_NOT_FOUND is 11001
)

var gaiTextsHere []gaiText
