//go:build darwin || freebsd || netbsd || openbsd || dragonfly

package sock

// <netdb.h>
const (
	eaiAddrFamily = EAI_ADDRFAMILY

	hBase = 0 // base of the h_errno values
)

var gaiTextsHere = []gaiText{
	{EAI_ADDRFAMILY, "Address family for hostname not supported"},
	{EAI_SYSTEM, "System error"},
	{EAI_OVERFLOW, "Result too large for supplied buffer"},
	{EAI_BADHINTS, "Bad value for hints"},
	{EAI_PROTOCOL, "Resolved protocol is unknown"},
}
