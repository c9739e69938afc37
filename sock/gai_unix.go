//go:build unix

package sock

// What getaddrinfo has on all systems but Windows.

const eaiAddrFamily = EAI_ADDRFAMILY

var gaiErrorsHere = []gaiText{
	{EAI_ADDRFAMILY, "Address family for hostname not supported"},
	{EAI_SYSTEM, "System error"},
}
