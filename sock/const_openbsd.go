package sock

// <netinet/in.h>
const IPPORT_USERRESERVED = 49151

// The numbers are Python's: the kernel has no UDP-Lite, and no header defines the names.
const (
	UDPLITE_SEND_CSCOV = 10
	UDPLITE_RECV_CSCOV = 11
)

// <netdb.h>
const (
	EAI_BADFLAGS   = -1
	EAI_NONAME     = -2
	EAI_AGAIN      = -3
	EAI_FAIL       = -4
	EAI_NODATA     = -5
	EAI_FAMILY     = -6
	EAI_SOCKTYPE   = -7
	EAI_SERVICE    = -8
	EAI_ADDRFAMILY = -9
	EAI_MEMORY     = -10
	EAI_SYSTEM     = -11
	EAI_BADHINTS   = -12
	EAI_PROTOCOL   = -13
	EAI_OVERFLOW   = -14

	AI_PASSIVE     = 1
	AI_CANONNAME   = 2
	AI_NUMERICHOST = 4
	AI_NUMERICSERV = 16
	AI_ADDRCONFIG  = 64
	AI_MASK        = AI_PASSIVE | AI_CANONNAME | AI_NUMERICHOST | AI_NUMERICSERV | AI_ADDRCONFIG | 32 // AI_FQDN

	NI_MAXHOST = 256
	NI_MAXSERV = 32

	NI_NUMERICHOST = 1
	NI_NUMERICSERV = 2
	NI_NOFQDN      = 4
	NI_NAMEREQD    = 8
	NI_DGRAM       = 16
)
