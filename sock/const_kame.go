//go:build darwin || dragonfly || freebsd || netbsd

package sock

// This file holds the numbers of getaddrinfo and getnameinfo, which four systems took from the KAME
// project. OpenBSD has its own resolver and numbers.

// <netinet/in.h>; Python keeps the number where a system has dropped the name.
const IPPORT_USERRESERVED = 5000

// <netdb.h>
const (
	EAI_ADDRFAMILY = 1
	EAI_AGAIN      = 2
	EAI_BADFLAGS   = 3
	EAI_FAIL       = 4
	EAI_FAMILY     = 5
	EAI_MEMORY     = 6
	EAI_NODATA     = 7
	EAI_NONAME     = 8
	EAI_SERVICE    = 9
	EAI_SOCKTYPE   = 10
	EAI_SYSTEM     = 11
	EAI_BADHINTS   = 12
	EAI_PROTOCOL   = 13
	EAI_OVERFLOW   = 14
	EAI_MAX        = 15

	AI_PASSIVE     = 0x001
	AI_CANONNAME   = 0x002
	AI_NUMERICHOST = 0x004
	AI_ADDRCONFIG  = 0x400

	NI_MAXHOST = 1025
	NI_MAXSERV = 32

	NI_NOFQDN      = 0x01
	NI_NUMERICHOST = 0x02
	NI_NAMEREQD    = 0x04
	NI_NUMERICSERV = 0x08
	NI_DGRAM       = 0x10
)
