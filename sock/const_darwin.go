package sock

import "golang.org/x/sys/unix"

// <sys/socket.h>
const PF_SYSTEM Family = unix.AF_SYSTEM

// <sys/sys_domain.h>
const SYSPROTO_CONTROL Protocol = 2

// <netdb.h>
const (
	AI_NUMERICSERV  = 0x1000
	AI_ALL          = 0x0100
	AI_V4MAPPED_CFG = 0x0200
	AI_V4MAPPED     = 0x0800
	AI_DEFAULT      = AI_V4MAPPED_CFG | AI_ADDRCONFIG
	AI_MASK         = AI_PASSIVE | AI_CANONNAME | AI_NUMERICHOST | AI_NUMERICSERV | AI_ADDRCONFIG
)
